"""What tests of the core and of addons stand on: a pytest plugin with a real PostgreSQL."""
