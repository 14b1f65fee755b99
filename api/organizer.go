package api

import (
	"net/http"
	"regexp"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/boxoffice/boxoffice"
)

// maxPlanBody bounds a seat plan: an arena of 20,000 seats takes 1 MB.
const maxPlanBody = 4 << 20

var (
	kindShape  = regexp.MustCompile(`^[a-z][a-z_-]{0,39}$`)
	stateShape = regexp.MustCompile(`^[A-Z]{2}$`)
)

// by says who changes something. The route and the ID in the path are part of what the key stands for.
func by(c *gin.Context, user boxoffice.User, id string, body []byte) (boxoffice.By, error) {
	route := c.Request.Method + " " + c.GetString(routeKey)
	key, err := idempotencyKey(c, user, route, id, body)
	return boxoffice.By{UserID: user.ID, Key: key}, err
}

// change reads the ID in the path, the body into dst, and who changes; with dst nil there may be no body.
func change(c *gin.Context, user boxoffice.User, dst any) (id string, who boxoffice.By, err error) {
	if id, err = pathID(c, "id"); err != nil {
		return id, who, err
	}
	var body []byte
	if dst == nil {
		err = readNothing(c)
	} else {
		body, err = readJSON(c, dst)
	}
	if err != nil {
		return id, who, err
	}
	who, err = by(c, user, id, body)
	return id, who, err
}

func (s *Server) createTitle(c *gin.Context, user boxoffice.User) error {
	var in NewTitleRequest
	body, err := readJSON(c, &in)
	if err != nil {
		return err
	}
	title := boxoffice.Title{
		Name: in.Name, Kind: in.Kind, Year: in.Year, RuntimeMinutes: in.RuntimeMinutes, Genre: in.Genre, Rating: in.Rating, Director: in.Director,
	}
	if err := wrongTitle(title).err(); err != nil {
		return err
	}
	who, err := by(c, user, "", body)
	if err != nil {
		return err
	}
	if title, err = s.opts.Organizers.CreateTitle(c.Request.Context(), who, title); err != nil {
		return err
	}
	c.Header("Location", "/titles/"+title.ID)
	return reply(c, http.StatusCreated, viewTitle(title))
}

func wrongTitle(t boxoffice.Title) (wrong fields) {
	wrong.line("name", t.Name, 1, 200)
	if !kindShape.MatchString(t.Kind) {
		wrong.add("kind", "This must be one word of small letters, of at most 40.")
	}
	wrong.wrongFacts(t.Year, t.RuntimeMinutes)
	wrong.line("genre", t.Genre, 0, 100)
	wrong.line("rating", t.Rating, 0, 20)
	wrong.line("director", t.Director, 0, 200)
	return wrong
}

func (f *fields) wrongFacts(year, runtime int) {
	if year != 0 && (year < 1800 || year > 2200) {
		f.add("year", "This must be between 1800 and 2200, or 0.")
	}
	if runtime < 0 || runtime > 24*60 {
		f.add("runtime_minutes", "This must be at most a day, or 0.")
	}
}

// line checks one line of text for people.
func (f *fields) line(name, text string, least, most int) {
	switch n := utf8.RuneCountInString(text); {
	case n < least:
		f.add(name, "This must not be empty.")
	case n > most:
		f.add(name, "This may have at most "+strconv.Itoa(most)+" characters.")
	case hasControl(text):
		f.add(name, "This must be one line, without control characters.")
	case least > 0 && isBlank(text):
		f.add(name, "This must not be blank.")
	}
}

func hasControl(text string) bool {
	for _, r := range text {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return true
		}
	}
	return false
}

func isBlank(text string) bool {
	for _, r := range text {
		if unicode.IsPrint(r) && !unicode.IsSpace(r) {
			return false
		}
	}
	return true
}

func (s *Server) changeTitle(c *gin.Context, user boxoffice.User) error {
	var in TitleChangeRequest
	id, who, err := change(c, user, &in)
	if err != nil {
		return err
	}
	// What is left out is judged as if it were right.
	whole := boxoffice.Title{
		Name: or(in.Name, "-"), Kind: or(in.Kind, "film"), Year: or(in.Year, 0), RuntimeMinutes: or(in.RuntimeMinutes, 0),
		Genre: or(in.Genre, ""), Rating: or(in.Rating, ""), Director: or(in.Director, ""),
	}
	if err := wrongTitle(whole).err(); err != nil {
		return err
	}
	title, err := s.opts.Organizers.ChangeTitle(c.Request.Context(), who, id, boxoffice.TitleChange{
		Name: in.Name, Kind: in.Kind, Year: in.Year, RuntimeMinutes: in.RuntimeMinutes, Genre: in.Genre, Rating: in.Rating, Director: in.Director,
	})
	if err != nil {
		return err
	}
	return reply(c, http.StatusOK, viewTitle(title))
}

// or gives what p points to, or something else where it was left out.
func or[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

func (s *Server) listTitles(c *gin.Context, user boxoffice.User) error {
	page, err := organizerPage(c, user)
	if err != nil {
		return err
	}
	titles, next, err := s.opts.Organizers.Titles(c.Request.Context(), page)
	if err != nil {
		return err
	}
	view := func(t boxoffice.Title) OwnTitle { return OwnTitle{Title: viewTitle(t), Own: t.OwnerID == user.ID} }
	return reply(c, http.StatusOK, TitleList{Titles: mapped(titles, view), Next: next})
}

// organizerPage reads the parameters of a list.
func organizerPage(c *gin.Context, user boxoffice.User) (boxoffice.OrganizerPage, error) {
	q := newQuery(c)
	page := boxoffice.OrganizerPage{UserID: user.ID, Search: q.text("q", 100), Cursor: q.cursor(), Limit: q.limit()}
	return page, q.wrong.err()
}

func (s *Server) createVenue(c *gin.Context, user boxoffice.User) error {
	var in NewVenueRequest
	body, err := readJSON(c, &in)
	if err != nil {
		return err
	}
	venue := boxoffice.Venue{Name: in.Name, City: in.City, State: in.State, TimeZone: in.TimeZone, Lat: in.Lat, Lon: in.Lon}
	if err := wrongVenue(venue).err(); err != nil {
		return err
	}
	who, err := by(c, user, "", body)
	if err != nil {
		return err
	}
	if venue, err = s.opts.Organizers.CreateVenue(c.Request.Context(), who, venue); err != nil {
		return err
	}
	c.Header("Location", "/venues/"+venue.ID+"/seat-plans")
	return reply(c, http.StatusCreated, viewVenue(venue))
}

func wrongVenue(v boxoffice.Venue) (wrong fields) {
	wrong.line("name", v.Name, 1, 200)
	wrong.line("city", v.City, 1, 100)
	if !stateShape.MatchString(v.State) {
		wrong.add("state", "This must be two capital letters.")
	}
	// "" and "Local" are zones of the machine, not of a place.
	if _, err := time.LoadLocation(v.TimeZone); err != nil || v.TimeZone == "" || v.TimeZone == "Local" {
		wrong.add("time_zone", "This is not an IANA time zone, such as America/Los_Angeles.")
	}
	if !(v.Lat >= -90 && v.Lat <= 90) {
		wrong.add("lat", "This must be between -90 and 90.")
	}
	if !(v.Lon >= -180 && v.Lon <= 180) {
		wrong.add("lon", "This must be between -180 and 180.")
	}
	return wrong
}

func (s *Server) changeVenue(c *gin.Context, user boxoffice.User) error {
	var in VenueChangeRequest
	id, who, err := change(c, user, &in)
	if err != nil {
		return err
	}
	whole := boxoffice.Venue{
		Name: or(in.Name, "-"), City: or(in.City, "-"), State: or(in.State, "CA"), TimeZone: "UTC", Lat: or(in.Lat, 0), Lon: or(in.Lon, 0),
	}
	if err := wrongVenue(whole).err(); err != nil {
		return err
	}
	venue, err := s.opts.Organizers.ChangeVenue(c.Request.Context(), who, id, boxoffice.VenueChange{
		Name: in.Name, City: in.City, State: in.State, Lat: in.Lat, Lon: in.Lon,
	})
	if err != nil {
		return err
	}
	return reply(c, http.StatusOK, viewVenue(venue))
}

func (s *Server) listVenues(c *gin.Context, user boxoffice.User) error {
	page, err := organizerPage(c, user)
	if err != nil {
		return err
	}
	venues, next, err := s.opts.Organizers.Venues(c.Request.Context(), page)
	if err != nil {
		return err
	}
	view := func(v boxoffice.Venue) OwnVenue { return OwnVenue{Venue: viewVenue(v), Own: v.OwnerID == user.ID} }
	return reply(c, http.StatusOK, VenueList{Venues: mapped(venues, view), Next: next})
}

func (s *Server) listSeatPlans(c *gin.Context, user boxoffice.User) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	plans, err := s.opts.Organizers.SeatPlans(c.Request.Context(), user.ID, id)
	if err != nil {
		return err
	}
	return reply(c, http.StatusOK, SeatPlanVersions{SeatPlans: mapped(plans, viewPlanVersion)})
}

// addSeatPlan hands the body on as it came: the reader of plans names what is wrong by its place.
func (s *Server) addSeatPlan(c *gin.Context, user boxoffice.User) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if err := checkMediaType(c.Request.Header, "application/json"); err != nil {
		return err
	}
	body, err := readBody(c, maxPlanBody)
	if err != nil {
		return err
	}
	who, err := by(c, user, id, body)
	if err != nil {
		return err
	}
	plan, err := s.opts.Organizers.AddSeatPlan(c.Request.Context(), who, id, body)
	if err != nil {
		return err
	}
	c.Header("Location", "/seat-plans/"+plan.Hash)
	return reply(c, http.StatusCreated, viewPlanVersion(plan))
}

func viewPlanVersion(p boxoffice.SeatPlanVersion) SeatPlanVersion {
	return SeatPlanVersion{
		VenueID: p.VenueID, Hash: p.Hash, Version: p.Version, Name: p.Name, Seats: p.Seats, Categories: filled(p.Categories),
		CreatedAt: p.CreatedAt.UTC(),
	}
}
