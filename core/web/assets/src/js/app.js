// Everything a page needs, in one file. Listeners are delegated, so swapped-in parts work at once.

import htmx from "htmx.org/dist/htmx.esm.js";
import "./net.js";
import "./shell.js";
import "./sections.js";
import "./forms.js";
import "./filters.js";
import "./groups.js";
import "./sorting.js";
import "./widths.js";
import "./counts.js";
import "./imports.js";
import "./watch.js";
import "./exports.js";
import "./messages.js";
import "./bulk.js";
import "./keys.js";
import "./stream.js";
import "./jobs.js";

window.htmx = htmx; // addons' own scripts may call it
