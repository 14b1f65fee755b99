// Package migrations holds the SQL migrations of the Postgres schema, in goose's format, embedded. It has no code: the
// postgres package applies them.
package migrations

import "embed"

// FS holds the migrations at its root, named NNNNN_what.sql, applied in this order and never changed once released.
//
//go:embed *.sql
var FS embed.FS
