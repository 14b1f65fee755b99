package api

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/boxoffice/boxoffice"
)

// access says who may ask.
type access int

const (
	anyone    access = iota // no session needed
	machine                 // neither session nor browser nor limit: a probe, or a caller that proves itself by a signature
	visitor                 // a session, unless the catalogue is open to all
	member                  // a session
	organizer               // a session of who may put on events
	overseer                // a session of who may put on events, or of the staff
	staff                   // a session of who helps buyers
)

// handler answers a request of user, who is zero where access does not ask for a session. The error that it returns is
// answered as a problem, or on a page of its own under /app.
type handler func(c *gin.Context, user boxoffice.User) error

// route is one line of the list. The path is written as in openapi.yaml.
type route struct {
	service string // one of Options.Services; "" is always mounted
	method  string
	path    string
	access  access
	handle  handler
}

// routes lists all of the API. It has the same operations as openapi.yaml.
func (s *Server) routes() []route {
	return slices.Concat(s.accountRoutes(), s.catalogueRoutes(), s.organizerRoutes(), s.bookingRoutes(), s.supportRoutes(), []route{
		{"", "GET", "/openapi.yaml", anyone, s.getSpec},
		{"", "GET", "/healthz", machine, s.getHealth},
		{"", "GET", "/readyz", machine, s.getReadiness},
	})
}

// accountRoutes are those of people and their sessions.
func (s *Server) accountRoutes() []route {
	return []route{
		{ServiceUsers, "POST", "/signup", anyone, s.signUp},
		{ServiceUsers, "POST", "/login", anyone, s.logIn},
		{ServiceUsers, "POST", "/logout", anyone, s.logOut},
		{ServiceUsers, "GET", "/me", member, s.me},
		{ServiceUsers, "POST", "/me/password", member, s.changePassword},
		{ServiceUsers, "POST", "/me/email", member, s.requestEmail},
		{ServiceUsers, "GET", "/me/sessions", member, s.listSessions},
		{ServiceUsers, "DELETE", "/me/sessions", member, s.endOtherSessions},
		{ServiceUsers, "DELETE", "/me/sessions/{id}", member, s.endSession},
		{ServiceUsers, "POST", "/password-resets", anyone, s.requestReset},
		{ServiceUsers, "POST", "/password-resets/confirm", anyone, s.resetPassword},
		{ServiceUsers, "POST", "/email-confirmations", anyone, s.confirmEmail},
	}
}

// catalogueRoutes are what everybody reads.
func (s *Server) catalogueRoutes() []route {
	return []route{
		{ServiceSearch, "GET", "/search", visitor, s.search},
		{ServiceEvents, "GET", "/events", visitor, s.listEvents},
		{ServiceEvents, "GET", "/titles/{id}", visitor, s.getTitle},
		{ServiceEvents, "GET", "/events/{id}", visitor, s.getEvent},
		{ServiceEvents, "GET", "/events/{id}/seat-map", visitor, s.getSeatMap},
		{ServiceEvents, "GET", "/events/{id}/seats", visitor, s.getSeats},
		{ServiceEvents, "GET", "/events/{id}/seats/stream", visitor, s.streamSeats},
		{ServiceEvents, "GET", "/seat-plans/{hash}", visitor, s.getSeatPlan},
	}
}

// organizerRoutes are those of who puts events on.
func (s *Server) organizerRoutes() []route {
	return []route{
		{ServiceEvents, "POST", "/titles", organizer, s.createTitle},
		{ServiceEvents, "PATCH", "/titles/{id}", organizer, s.changeTitle},
		{ServiceEvents, "PUT", "/titles/{id}/poster", organizer, s.setPoster},
		{ServiceEvents, "DELETE", "/titles/{id}/poster", organizer, s.removePoster},
		{ServiceEvents, "GET", "/posters/{hash}", visitor, s.getPoster},
		{ServiceEvents, "GET", "/organizer/titles", organizer, s.listTitles},
		{ServiceEvents, "POST", "/venues", organizer, s.createVenue},
		{ServiceEvents, "PATCH", "/venues/{id}", organizer, s.changeVenue},
		{ServiceEvents, "GET", "/organizer/venues", organizer, s.listVenues},
		{ServiceEvents, "GET", "/venues/{id}/seat-plans", organizer, s.listSeatPlans},
		{ServiceEvents, "POST", "/venues/{id}/seat-plans", organizer, s.addSeatPlan},
		{ServiceEvents, "POST", "/events", organizer, s.createEvent},
		{ServiceEvents, "PATCH", "/events/{id}", organizer, s.changeEvent},
		{ServiceEvents, "DELETE", "/events/{id}", organizer, s.deleteDraft},
		{ServiceEvents, "POST", "/events/{id}/publish", organizer, s.publishEvent},
		{ServiceEvents, "POST", "/events/{id}/cancel", organizer, s.callOffEvent},
		{ServiceEvents, "GET", "/events/{id}/cancellation", overseer, s.getEventCancellation},
		{ServiceEvents, "POST", "/events/{id}/cancellation/pause", overseer, s.pauseRefunds},
		{ServiceEvents, "POST", "/events/{id}/cancellation/resume", overseer, s.resumeRefunds},
		{ServiceEvents, "POST", "/events/{id}/cancellation/throttle", overseer, s.throttleRefunds},
		{ServiceEvents, "PUT", "/events/{id}/prices", organizer, s.setPrices},
		{ServiceEvents, "POST", "/events/{id}/seats/block", organizer, s.blockSeats},
		{ServiceEvents, "POST", "/events/{id}/seats/release", organizer, s.releaseSeats},
		{ServiceEvents, "GET", "/events/{id}/sales", organizer, s.getSales},
		{ServiceEvents, "GET", "/events/{id}/guests.csv", organizer, s.getGuests},
		{ServiceEvents, "GET", "/organizer/events", organizer, s.listOwnEvents},
		{ServiceEvents, "GET", "/organizer/events/{id}", organizer, s.getOwnEvent},
		{ServiceEvents, "POST", "/promotions", organizer, s.createPromotion},
		{ServiceEvents, "GET", "/promotions/{id}", organizer, s.getPromotion},
		{ServiceEvents, "PATCH", "/promotions/{id}", organizer, s.changePromotion},
		{ServiceEvents, "GET", "/organizer/promotions", organizer, s.listPromotions},
	}
}

// bookingRoutes are a buyer's, and the payment provider's.
func (s *Server) bookingRoutes() []route {
	return []route{
		{ServiceBookings, "POST", "/book", member, s.book},
		{ServiceBookings, "POST", "/book/", member, s.book},
		{ServiceBookings, "POST", "/reserve", member, s.book},
		{ServiceBookings, "POST", "/events/{id}/book-best", member, s.bookBest},
		{ServiceBookings, "GET", "/bookings", member, s.listBookings},
		{ServiceBookings, "GET", "/bookings/{id}", member, s.getBooking},
		{ServiceBookings, "POST", "/bookings/{id}/checkout", member, s.checkout},
		{ServiceBookings, "POST", "/bookings/{id}/extend", member, s.extend},
		{ServiceBookings, "PATCH", "/bookings/{id}/seats", member, s.changeBookingSeats},
		{ServiceBookings, "POST", "/bookings/{id}/cancel", member, s.cancel},
		{ServiceBookings, "POST", "/bookings/{id}/resend", member, s.resend},
		{ServiceBookings, "GET", "/bookings/{id}/tickets.pdf", member, s.getTicketsPDF},
		{ServiceBookings, "GET", "/bookings/{id}/calendar.ics", member, s.getCalendar},
		{ServiceBookings, "GET", "/bookings/{id}/tickets/{ticketID}/qr.png", member, s.getQR},
		{ServiceBookings, "POST", "/webhooks/stripe", machine, s.receiveStripeWebhook},
		{ServiceBookings, "POST", "/bookings/{id}/promotion", member, s.applyPromotion},
		{ServiceBookings, "DELETE", "/bookings/{id}/promotion", member, s.removePromotion},
	}
}

// supportRoutes are those of staff.
func (s *Server) supportRoutes() []route {
	return []route{
		{ServiceSupport, "GET", "/support/bookings", staff, s.findBookings},
		{ServiceSupport, "GET", "/support/bookings/{id}", staff, s.getCase},
		{ServiceSupport, "POST", "/support/bookings/{id}/extend", staff, supportAct(s.supportExtend)},
		{ServiceSupport, "POST", "/support/bookings/{id}/release", staff, supportAct(s.supportRelease)},
		{ServiceSupport, "POST", "/support/bookings/{id}/cancel", staff, s.supportCancelOrQuote},
		{ServiceSupport, "POST", "/support/bookings/{id}/refund", staff, supportAct(s.supportRefund)},
		{ServiceSupport, "POST", "/support/bookings/{id}/settle-refund", staff, supportAct(s.supportSettle)},
		{ServiceSupport, "POST", "/support/bookings/{id}/retry-refund", staff, supportAct(s.supportRetryRefund)},
		{ServiceSupport, "POST", "/support/bookings/{id}/refunded-otherwise", staff, supportAct(s.supportRefundedOtherwise)},
		{ServiceSupport, "POST", "/support/bookings/{id}/resend", staff, supportAct(s.supportResend)},
		{ServiceSupport, "POST", "/support/bookings/{id}/retry", staff, supportAct(s.supportRetry)},
		{ServiceSupport, "GET", "/support/tasks", staff, s.listTasks},
		{ServiceSupport, "GET", "/support/tasks/{id}", staff, s.getTask},
		{ServiceSupport, "POST", "/support/tasks/{id}/close", staff, s.closeTask},
	}
}

// pages lists what people see: the client's routes, which web/src/routes.tsx has once more, and pages that work without it.
// None needs a session: the client asks for one where the API does.
func (s *Server) pages() []route {
	return []route{
		{ServiceBookings, "GET", "/", anyone, s.pageRoot},
		{ServiceBookings, "GET", "/app", anyone, s.pageClient},
		{ServiceBookings, "GET", "/app/login", anyone, s.pageClient},
		{ServiceBookings, "GET", "/app/signup", anyone, s.pageClient},
		{ServiceBookings, "GET", "/app/titles/{id}", anyone, s.pageClient},
		{ServiceBookings, "GET", "/app/events/{id}", anyone, s.pageClient},
		{ServiceBookings, "GET", "/app/bookings", anyone, s.pageClient},
		{ServiceBookings, "GET", "/app/bookings/{id}", anyone, s.pageClient},
		{ServiceBookings, "GET", "/app/manifest.webmanifest", anyone, s.pageManifest},
		{ServiceBookings, "GET", "/app/sw.js", anyone, s.pageWorker},
		{ServiceBookings, "GET", "/app/assets/{file}", anyone, s.pageAsset},
		{ServiceBookings, "GET", "/app/style.css", anyone, s.pageStyle},
		{ServiceUsers, "GET", "/app/forgot", anyone, s.pageForgot},
		{ServiceUsers, "POST", "/app/forgot", anyone, s.pageForgotSent},
		{ServiceUsers, "GET", "/app/reset", anyone, s.pageReset},
		{ServiceUsers, "POST", "/app/reset", anyone, s.pageResetSent},
		{ServiceUsers, "GET", "/app/email", anyone, s.pageEmail},
		{ServiceUsers, "POST", "/app/email", anyone, s.pageEmailSent},
	}
}

// mount builds the router. Paths match exactly: a redirect would turn a POST into a GET or cost a round trip.
func (s *Server) mount() (http.Handler, error) {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.RedirectTrailingSlash = false
	engine.HandleMethodNotAllowed = true
	if err := engine.SetTrustedProxies(s.opts.TrustedProxies); err != nil {
		return nil, fmt.Errorf("api: TrustedProxies: %w", err)
	}
	engine.Use(s.observe, s.recoverPanics, s.secure, s.bound)
	engine.NoRoute(func(c *gin.Context) {
		err := s.takeByAddress(c, s.limits.requestsByAddress)
		if err == nil {
			err = boxoffice.Errorf(boxoffice.CodeNotFound, "There is nothing at this path.")
		}
		s.failUnmatched(c, err)
	})
	engine.NoMethod(func(c *gin.Context) {
		s.failUnmatched(c, boxoffice.Errorf(boxoffice.CodeMethodNotAllowed, "This path takes only %s.", c.Writer.Header().Get("Allow")))
	})
	for _, r := range s.routes() {
		if r.service == "" || slices.Contains(s.opts.Services, r.service) {
			engine.Handle(r.method, ginPath(r.path), s.serve(r))
		}
	}
	for _, r := range s.pages() {
		if slices.Contains(s.opts.Services, r.service) {
			engine.Handle(r.method, ginPath(r.path), s.servePage(r))
		}
	}
	return headAsGet(engine), nil
}

// failUnmatched answers what no route takes: people get a page, programs a problem.
func (s *Server) failUnmatched(c *gin.Context, err error) {
	if strings.HasPrefix(c.Request.URL.Path, "/app/") {
		s.failPage(c, err)
		return
	}
	s.fail(c, err)
}

var pathParameter = regexp.MustCompile(`\{(\w+)\}`)

// ginPath writes "/events/{id}" as "/events/:id".
func ginPath(path string) string { return pathParameter.ReplaceAllString(path, ":$1") }

// serve admits the caller, runs the handler, and answers its error.
func (s *Server) serve(r route) gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Set(routeKey, r.path)
		user, err := s.admit(c, r.access)
		if err == nil {
			err = r.handle(c, user)
		}
		if err != nil {
			s.fail(c, err)
		}
	}
}

// headAsGet answers HEAD as GET: the server itself leaves the body out.
func headAsGet(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			get := *r
			get.Method = http.MethodGet
			r = &get
		}
		next.ServeHTTP(w, r)
	})
}
