// Package typesense is a local search server: it speaks the part of Typesense's HTTP API that a ticket search uses, so that
// the real one can stand in its place. It depends on github.com/blevesearch/bleve/v2, which keeps the inverted index of the
// texts; what is filtered, counted and sorted lies in columns of its own.
//
// # State
//
// Every change is one write to an append-only journal, Options.Dir/typesense.journal, before it is answered, so it survives a
// killed process. It is not synced to disk on every change: a power cut may lose the last seconds. At start the journal is read
// and the index is built anew, 30,000 documents of 1 kB in some seconds; POST /operations/snapshot, and a start that finds more
// dead lines than living ones, rewrites it. Without a folder nothing is kept. Memory holds every document, compressed: 30,000
// of 1 kB and their columns are some 50 MB of heap.
//
// # What differs from Typesense
//
// There are no groups, vectors, presets, stop words, overrides, nested or automatic fields, joins, infix search, stemming, and
// one key opens everything. The parameters of those are ignored, as unknown ones are. What is left of differences is listed,
// with reasons, in the test that replays a real server's answers.
package typesense
