package stripe

import (
	"bytes"
	_ "embed"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

//go:embed page.html
var pageSource string

var pageTemplate = template.Must(template.New("page").Parse(pageSource))

// pageData is what the payment page shows.
type pageData struct {
	State     string // open, complete, expired or missing
	Items     []pageItem
	Total     string
	Email     string
	Card      string // what was typed, so that a typing mistake can be mended
	Expiry    string
	Problem   string // why the last attempt failed
	Field     string // the field that is wrong, if one is
	CancelURL string
	NextURL   string // where a paid session leads
	Left      string // time left to pay
	TestCards []testCard
}

type pageItem struct {
	Name, Description, Unit, Total string
	Quantity                       int64
}

// pages answers everything under /c/pay/: the hosted payment page.
func (s *Server) pages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /c/pay/{session}", s.showPage)
	mux.HandleFunc("POST /c/pay/{session}", s.takePayment)
	return mux
}

func (s *Server) showPage(w http.ResponseWriter, r *http.Request) {
	s.settleDue(s.clock.Now())
	shown, ok := s.findSession(r.PathValue("session"))
	if !ok {
		s.writePage(w, http.StatusNotFound, session{}, pageData{State: "missing"})
		return
	}
	status := http.StatusOK
	if shown.Status == statusExpired {
		status = http.StatusGone
	}
	s.writePage(w, status, shown, pageData{State: shown.Status, Email: shown.CustomerEmail})
}

// takePayment is the form of the page: 303 to success_url once paid, 402 with the reason when the card is refused, 410 when
// the session is expired, 409 when it is paid already.
func (s *Server) takePayment(w http.ResponseWriter, r *http.Request) {
	s.settleDue(s.clock.Now())
	id := r.PathValue("session")
	shown, ok := s.findSession(id)
	if !ok {
		s.writePage(w, http.StatusNotFound, session{}, pageData{State: "missing"})
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if err := r.ParseForm(); err != nil {
		s.writePage(w, http.StatusBadRequest, shown, pageData{State: shown.Status, Problem: "The form could not be read."})
		return
	}
	typed := cardInput{number: r.PostForm.Get("card_number"), expiry: r.PostForm.Get("exp"), cvc: r.PostForm.Get("cvc")}
	again := pageData{State: statusOpen, Email: strings.TrimSpace(r.PostForm.Get("email")), Card: typed.number, Expiry: typed.expiry}
	if again.Email == "" {
		again.Email = shown.CustomerEmail
	}
	if shown.Status == statusOpen && !validEmail(again.Email) {
		again.Problem, again.Field = "Enter your e-mail address; the receipt goes there.", "email"
		s.writePage(w, http.StatusPaymentRequired, shown, again)
		return
	}
	done, err := s.pay(id, again.Email, typed, oddity{})
	switch {
	case errors.Is(err, errNotPayable):
		s.settleDue(s.clock.Now())
		s.showEnded(w, id)
	case err != nil:
		s.log.Error("a payment could not be stored", "session", id, "error", err)
		again.Problem = "Something went wrong on our side. Nothing was charged."
		s.writePage(w, http.StatusInternalServerError, shown, again)
	case done.decline != nil:
		again.Problem, again.Field = done.decline.Message, done.decline.Param
		s.writePage(w, http.StatusPaymentRequired, shown, again)
	default:
		http.Redirect(w, r, done.session.next(), http.StatusSeeOther)
	}
}

// showEnded answers a payment that came too late.
func (s *Server) showEnded(w http.ResponseWriter, id string) {
	shown, _ := s.findSession(id)
	status := http.StatusConflict
	if shown.Status != statusComplete {
		status, shown.Status = http.StatusGone, statusExpired
	}
	s.writePage(w, status, shown, pageData{State: shown.Status})
}

func (s *Server) findSession(id string) (found session, ok bool) {
	s.store.read(func(v *view) { found, ok = get(v, v.st.sessions, id) })
	return found, ok
}

// next is where the buyer goes after paying.
func (s session) next() string {
	return strings.ReplaceAll(s.SuccessURL, "{CHECKOUT_SESSION_ID}", s.ID)
}

func (s *Server) writePage(w http.ResponseWriter, status int, shown session, data pageData) {
	for _, it := range shown.Items {
		data.Items = append(data.Items, pageItem{
			Name: it.Name, Description: it.Description, Quantity: it.Quantity,
			Unit: money(it.UnitAmount, shown.Currency), Total: money(it.UnitAmount*it.Quantity, shown.Currency),
		})
	}
	data.Total = money(shown.Amount, shown.Currency)
	data.CancelURL, data.NextURL = shown.CancelURL, shown.next()
	data.Left = timeLeft(shown.ExpiresAt - s.clock.unix())
	data.TestCards = testCards
	var page bytes.Buffer
	if err := pageTemplate.Execute(&page, data); err != nil {
		s.log.Error("the payment page failed", "error", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; "+
		"form-action 'self'"+origin(data.NextURL))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(status)
	if _, err := w.Write(page.Bytes()); err != nil {
		s.log.Debug("the buyer left before the page was there", "error", err)
	}
}

// timeLeft writes a duration for people, rounded up.
func timeLeft(seconds int64) string {
	minutes := max(1, (seconds+59)/60)
	switch {
	case minutes == 1:
		return "1 minute"
	case minutes <= 120:
		return strconv.FormatInt(minutes, 10) + " minutes"
	}
	return strconv.FormatInt((minutes+59)/60, 10) + " hours"
}

// origin is what form-action needs besides 'self': browsers hold the redirect after a form against it too.
func origin(link string) string {
	u, err := url.Parse(link)
	if err != nil || u.Host == "" || strings.ContainsAny(u.Host, " ;,'") {
		return ""
	}
	return " " + u.Scheme + "://" + u.Host
}
