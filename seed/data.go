// Package seed makes up a catalogue that looks like a real one: real films at plausible cinemas in real cities, and now and
// then a play in a theatre or a concert in an arena. It depends on the vocabulary, on seatplan and on google/uuid; the data
// of titles and cities are embedded, and data/LICENSES.md says whose they are.
//
// What it makes is wholly determined by its [Options], on every machine. It opens no account: [CreateAccounts] does that,
// and only a caller who wants accounts with known passwords calls it.
package seed

import (
	"bytes"
	_ "embed" // the catalogue's data
	"encoding/csv"
	"fmt"
	"strconv"
	"time"

	"github.com/boxoffice/boxoffice"
)

//go:embed data/movies.csv
var moviesCSV []byte

//go:embed data/shows.csv
var showsCSV []byte

//go:embed data/cities.csv
var citiesCSV []byte

// Licenses says whose data the catalogue is made of. Whoever shows the data must show it or lead to it.
//
//go:embed data/LICENSES.md
var Licenses string

// work is a title with how well it is known.
type work struct {
	title boxoffice.Title
	score float64 // 0 is unknown
	votes int
}

// city is a place where halls stand.
type city struct {
	geonameID  int
	name       string
	state      string
	population int
	lat, lon   float64
	zone       *time.Location
}

// maxRuntime leaves out the few films that are too long to be shown three times a day.
const maxRuntime = 222

func readFilms() ([]work, error) {
	rows, err := readCSV(moviesCSV, 8)
	if err != nil {
		return nil, fmt.Errorf("read the films: %w", err)
	}
	films := make([]work, 0, len(rows))
	for _, row := range rows {
		n := numbers{row: row}
		f := work{
			title: boxoffice.Title{
				Name: row[0], Kind: "film", Year: n.whole(1), RuntimeMinutes: n.whole(2),
				Genre: row[3], Rating: row[4], Director: row[5],
			},
			score: n.fraction(6), votes: n.whole(7),
		}
		if n.err != nil {
			return nil, fmt.Errorf("read the film %q: %w", row[0], n.err)
		}
		if f.title.RuntimeMinutes > maxRuntime {
			continue
		}
		f.title.ID = lastingID("title", f.title.Name, strconv.Itoa(f.title.Year))
		films = append(films, f)
	}
	return films, nil
}

// readShows reads the plays and the concerts.
func readShows() (plays, concerts []work, err error) {
	rows, err := readCSV(showsCSV, 4)
	if err != nil {
		return nil, nil, fmt.Errorf("read the shows: %w", err)
	}
	for _, row := range rows {
		n := numbers{row: row}
		w := work{title: boxoffice.Title{Name: row[0], Kind: row[1], RuntimeMinutes: n.whole(2), Genre: row[3]}}
		if n.err != nil {
			return nil, nil, fmt.Errorf("read the show %q: %w", row[0], n.err)
		}
		w.title.ID = lastingID("title", w.title.Name, w.title.Kind)
		switch w.title.Kind {
		case "play":
			plays = append(plays, w)
		case "concert":
			concerts = append(concerts, w)
		default:
			return nil, nil, fmt.Errorf("read the show %q: what is a %q?", row[0], row[1])
		}
	}
	return plays, concerts, nil
}

func readCities() ([]city, error) {
	rows, err := readCSV(citiesCSV, 7)
	if err != nil {
		return nil, fmt.Errorf("read the cities: %w", err)
	}
	zones := map[string]*time.Location{}
	cities := make([]city, 0, len(rows))
	for _, row := range rows {
		if zones[row[6]] == nil {
			if zones[row[6]], err = time.LoadLocation(row[6]); err != nil {
				return nil, fmt.Errorf("read the city %q: %w", row[1], err)
			}
		}
		n := numbers{row: row}
		cities = append(cities, city{
			geonameID: n.whole(0), name: row[1], state: row[2], population: n.whole(3),
			lat: n.fraction(4), lon: n.fraction(5), zone: zones[row[6]],
		})
		if n.err != nil {
			return nil, fmt.Errorf("read the city %q: %w", row[1], n.err)
		}
	}
	return cities, nil
}

// readCSV gives the rows below the head, each of the given number of fields.
func readCSV(data []byte, fields int) ([][]string, error) {
	reader := csv.NewReader(bytes.NewReader(data))
	reader.FieldsPerRecord = fields
	rows, err := reader.ReadAll()
	if err != nil {
		return nil, err
	}
	return rows[1:], nil
}

// numbers reads the numbers of a row and remembers the first error. An empty field is 0.
type numbers struct {
	row []string
	err error
}

func (n *numbers) whole(field int) int {
	value, err := strconv.Atoi(orZero(n.row[field]))
	n.note(err)
	return value
}

func (n *numbers) fraction(field int) float64 {
	value, err := strconv.ParseFloat(orZero(n.row[field]), 64)
	n.note(err)
	return value
}

func (n *numbers) note(err error) {
	if n.err == nil {
		n.err = err
	}
}

func orZero(text string) string {
	if text == "" {
		return "0"
	}
	return text
}
