package typesense

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/bits-and-blooms/bitset"
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

// meetPlace gives the documents within a circle (lat, lng, radius unit) or a polygon (lat, lng, lat, lng, …).
func (st *state) meetPlace(column *places, value string) (*bitset.BitSet, error) {
	comparator, value := comparison(value, "!=", "!", "=")
	contains, err := parseArea(column.field.Name, value)
	if err != nil {
		return nil, err
	}
	set := &bitset.BitSet{}
	for i, ok := column.has.NextSet(0); ok; i, ok = column.has.NextSet(i + 1) {
		if slices.ContainsFunc(column.points[i], contains) {
			set.Set(i)
		}
	}
	return st.except(set, strings.HasPrefix(comparator, "!")), nil
}

func parseArea(name, text string) (contains func(point) bool, err error) {
	if strings.HasPrefix(text, "[") { // not even of one
		return nil, errUnit
	}
	parts := splitList(strings.Trim(text, "()"))
	if len(parts) < 3 {
		return nil, badRequest("Value of filter field `%s`: must be in the `(-44.50, 170.29, 0.75 km)` or (56.33, -65.97, 23.82, -127.82) format.", name)
	}
	if last := parts[len(parts)-1]; len(parts)%2 == 1 {
		meters, err := parseDistance(last)
		if err != nil {
			return nil, err
		}
		if len(parts) != 3 {
			return nil, errUnit
		}
		center, err := parsePoint(parts[0], parts[1])
		return func(p point) bool { return p.meters(center) <= meters }, err
	}
	var polygon []point
	for i := 0; i < len(parts); i += 2 {
		corner, err := parsePoint(parts[i], parts[i+1])
		if err != nil {
			return nil, err
		}
		polygon = append(polygon, corner)
	}
	return func(p point) bool { return p.inside(polygon) }, nil
}

var errUnit = badRequest("Unit must be either `km` or `mi`.")

// parseDistance reads "10 km" or "10 mi", in meters.
func parseDistance(text string) (float64, error) {
	for unit, meters := range units {
		if n, ok := strings.CutSuffix(text, unit); ok {
			distance, err := strconv.ParseFloat(strings.TrimSpace(n), 64)
			if err != nil || !(distance >= 0) {
				return 0, errUnit
			}
			return distance * meters, nil
		}
	}
	return 0, errUnit
}

func parsePoint(lat, lng string) (point, error) {
	var p point
	var err error
	if p.lat, err = strconv.ParseFloat(lat, 64); err == nil {
		p.lng, err = strconv.ParseFloat(lng, 64)
	}
	if err != nil || math.IsNaN(p.lat) || math.IsNaN(p.lng) || math.IsInf(p.lat, 0) || math.IsInf(p.lng, 0) {
		return p, badRequest("Bad geopoint: %s, %s.", lat, lng)
	}
	return p, nil
}
