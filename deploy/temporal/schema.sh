#!/bin/sh
# Brings the tables of Temporal's two databases up to date. Harmless when repeated: it goes on from the version it finds.
set -eu

update() { # database, schema
  temporal-sql-tool --database "$1" setup-schema --version 0.0
  temporal-sql-tool --database "$1" update-schema --schema-name "postgresql/v12/$2"
}

update temporal temporal
update temporal_visibility visibility
