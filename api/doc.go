// Package api serves boxoffice over HTTP: the routes of openapi.yaml, sign-up and sessions, and a plain page for a booking.
// Gin is its one dependency; what it serves it reaches by the interfaces of the root package. It knows neither SQL nor
// Temporal.
//
// openapi.yaml is the contract. Its types are generated into api.gen.go; the routes stand in one list in routes.go, and
// tests hold list, types and every answer against the document. A handler decodes, makes one call, and replies; what it
// returns as an error becomes an application/problem+json document in problems.go, the one place where errors meet HTTP.
package api

//go:generate go tool -modfile=../tools/go.mod oapi-codegen -config oapi-codegen.yaml openapi.yaml
