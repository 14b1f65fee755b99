package typesense

import (
	"github.com/blevesearch/bleve/v2/geo"
)

// point is a place on the globe, in degrees.
type point struct{ lat, lng float64 }

// meters is the distance between two points.
func (p point) meters(to point) float64 {
	return geo.Haversin(p.lng, p.lat, to.lng, to.lat) * 1000
}

// meters a unit of distance is, by its name in filters and sorts.
var units = map[string]float64{"km": 1000, "mi": 1609.34}

// inside tells whether a point lies in a polygon, whose edges are straight on a flat map.
func (p point) inside(polygon []point) bool {
	within := false
	for i, j := 0, len(polygon)-1; i < len(polygon); j, i = i, i+1 {
		a, b := polygon[i], polygon[j]
		if (a.lat > p.lat) != (b.lat > p.lat) && p.lng < (b.lng-a.lng)*(p.lat-a.lat)/(b.lat-a.lat)+a.lng {
			within = !within
		}
	}
	return within
}
