#!/bin/sh
# Import the public sample data into a tenant: import_pipeline.sh TENANT DATA_DIR
#
# DATA_DIR holds accounts.csv. Run again, it changes only what has changed. Bad rows are left in the
# present folder. GUANXI names the program.
set -eu

if [ $# -ne 2 ]; then
    echo "usage: $0 TENANT DATA_DIR" >&2
    exit 2
fi
tenant=$1
data=$2
mappings=$(cd "$(dirname "$0")" && pwd)

"${GUANXI:-guanxi}" import customer.customer "$data/accounts.csv" --tenant "$tenant" \
    --map "$mappings/accounts.json" --match name --bad accounts.bad.csv
