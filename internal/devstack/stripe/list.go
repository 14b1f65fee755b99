package stripe

import (
	"math"
	"net/http"
	"slices"
	"strings"
)

type obj = map[string]any

// expansion is what is to be answered as objects instead of IDs: paths like payment_intent.latest_charge.
type expansion []string

func (x expansion) has(name string) bool {
	return slices.ContainsFunc(x, func(path string) bool { return path == name || strings.HasPrefix(path, name+".") })
}

// under is what remains of the paths below a property.
func (x expansion) under(name string) expansion {
	var below expansion
	for _, path := range x {
		if rest, ok := strings.CutPrefix(path, name+"."); ok {
			below = append(below, rest)
		}
	}
	return below
}

// listOf is how the properties of the elements of a list are named in expand[].
func listOf(names []string) []string {
	paths := make([]string, len(names))
	for i, name := range names {
		paths[i] = "data." + name
	}
	return paths
}

// page is the part of a list that a request wants: Stripe lists newest first, with IDs as cursors.
type page struct {
	limit         int
	startingAfter string
	endingBefore  string
	from, to      int64 // created, both inclusive
}

func (p *params) page() page {
	pg := page{limit: 10, from: math.MinInt64, to: math.MaxInt64}
	if limit, ok := p.integer("limit"); ok {
		if limit < 1 || limit > 100 {
			p.fail(invalid(http.StatusBadRequest, "", "limit", "Invalid limit: must be between 1 and 100, but was %d", limit))
		}
		pg.limit = int(limit)
	}
	pg.startingAfter = p.optional("starting_after", 200)
	pg.endingBefore = p.optional("ending_before", 200)
	if pg.startingAfter != "" && pg.endingBefore != "" {
		p.fail(invalid(http.StatusBadRequest, "parameters_exclusive", "starting_after",
			"Received both starting_after and ending_before parameters. Please pass in only one."))
	}
	return pg
}

// created reads the range of creation times: created=t or created[gt|gte|lt|lte]=t.
func (pg *page) created(p *params) {
	if n, ok := p.node.kids["created"]; ok && n.kids == nil {
		if at, ok := p.integer("created"); ok {
			pg.from, pg.to = at, at
		}
		return
	}
	bounds := p.sub("created")
	if bounds == nil {
		return
	}
	raise := func(t int64) { pg.from = max(pg.from, t) }
	lower := func(t int64) { pg.to = min(pg.to, t) }
	if t, ok := bounds.integer("gt"); ok && t < math.MaxInt64 {
		raise(t + 1)
	}
	if t, ok := bounds.integer("gte"); ok {
		raise(t)
	}
	if t, ok := bounds.integer("lt"); ok && t > math.MinInt64 {
		lower(t - 1)
	}
	if t, ok := bounds.integer("lte"); ok {
		lower(t)
	}
}

// listing describes a list endpoint over a table.
type listing[T any] struct {
	kind    string // for the message about an unknown cursor
	path    string
	created func(T) int64
	wanted  func(T) bool // nil: all
	render  func(T) (any, *apiError)
}

// list picks the page out of the table. Its cost grows with the rows between the newest and the page's end.
func list[T any](t *table[T], pg page, l listing[T]) (any, *apiError) {
	order := t.order
	switch {
	case pg.startingAfter != "": // the older ones
		row, ok := t.rows[pg.startingAfter]
		if !ok {
			return nil, noSuch(l.kind, pg.startingAfter, "starting_after")
		}
		order = order[:row.position]
	case pg.endingBefore != "": // the newer ones, those next to the cursor first
		row, ok := t.rows[pg.endingBefore]
		if !ok {
			return nil, noSuch(l.kind, pg.endingBefore, "ending_before")
		}
		order = slices.Clone(order[row.position+1:])
		slices.Reverse(order)
	}
	var picked []T
	for i := len(order) - 1; i >= 0 && len(picked) <= pg.limit; i-- {
		row, ok := t.rows[order[i]]
		if !ok {
			continue
		}
		at := l.created(row.value)
		if at >= pg.from && at <= pg.to && (l.wanted == nil || l.wanted(row.value)) {
			picked = append(picked, row.value)
		}
	}
	hasMore := len(picked) > pg.limit
	picked = picked[:min(len(picked), pg.limit)]
	if pg.endingBefore != "" {
		slices.Reverse(picked)
	}
	data := make([]any, 0, len(picked))
	for _, v := range picked {
		o, e := l.render(v)
		if e != nil {
			return nil, e
		}
		data = append(data, o)
	}
	return obj{"object": "list", "url": l.path, "has_more": hasMore, "data": data}, nil
}

// orNil is the JSON null for an absent text.
func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}
