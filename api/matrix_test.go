package api

import (
	"encoding/hex"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

// actors are who asks: nobody, another buyer than the owner, the roles, and last the owner, whose acts change things.
var actors = []string{"anonymous", "other", "organizer", "support", "admin", "owner"}

// TestWhoMayDoWhat asks every operation of openapi.yaml as everybody, over the real store. Who may is read off the
// document: `security: []` is open to all, `x-roles` names the roles that may; and what belongs to somebody is there for
// nobody else, staff included: the bookings are the owner's, the event is the organizer's. A GET writes nothing.
func TestWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	doc, _ := spec(t)
	h := newHouse(t)
	ada, _ := h.person(t, "owner", boxoffice.RoleBuyer)
	users := map[string]boxoffice.User{"owner": ada}
	for name, role := range map[string]boxoffice.Role{
		"other": boxoffice.RoleBuyer, "organizer": boxoffice.RoleOrganizer, "support": boxoffice.RoleSupport, "admin": boxoffice.RoleAdmin,
	} {
		users[name], _ = h.person(t, name, role)
	}
	asked := 0
	for _, path := range slices.Sorted(maps.Keys(doc.Paths.Map())) { // in this order a new password comes when none asks for the old
		operations := doc.Paths.Value(path).Operations()
		for _, method := range slices.Sorted(maps.Keys(operations)) {
			operation := operations[method]
			names := h.namesOf(t, ada)
			for _, actor := range actors {
				in := h.as(t, users, actor, names, exampleOf(method, path))
				if strings.HasPrefix(path, "/events/{id}/cancellation") {
					h.callOff(t)
				}
				before := h.rows(t)
				h.requireMayOrNot(t, operation, path, actor, in, ada)
				if method == http.MethodGet {
					require.Equal(t, before, h.rows(t), "%s writes", path)
				}
				asked++
			}
		}
	}
	t.Logf("%d questions", asked)
}

// namesOf makes a booking and a session of the owner, and tells how the things of this house are called.
func (h *house) namesOf(t *testing.T, owner boxoffice.User) map[string]string {
	t.Helper()
	event, tickets := h.addEvent(t, len(actors)+1)
	booking := h.holdFor(t, owner.ID, tickets[len(actors)])
	h.session(t, owner.ID)
	h.event = event
	h.giveTo(t, "organizer")
	var title, venue, session string
	var plan []byte
	require.NoError(t, h.base.Pool.QueryRow(t.Context(), `SELECT title_id, venue_id, plan_hash FROM events WHERE id = $1`, event).Scan(&title, &venue, &plan))
	require.NoError(t, h.base.Pool.QueryRow(t.Context(), `SELECT id FROM sessions WHERE user_id = $1 ORDER BY id DESC LIMIT 1`, owner.ID).Scan(&session))
	names := map[string]string{bookingID: booking.ID, eventID: event, titleID: title, venueID: venue, planHash: hex.EncodeToString(plan), "session": session, promotionID: h.addPromotion(t, "organizer")}
	for i, actor := range actors {
		names["ticket of "+actor] = tickets[i]
	}
	return names
}

// as makes the request of an actor.
func (h *house) as(t *testing.T, users map[string]boxoffice.User, actor string, names map[string]string, in request) request {
	t.Helper()
	if strings.HasPrefix(in.path, "/me/sessions/") {
		in.path = "/me/sessions/" + names["session"]
	}
	replace := strings.NewReplacer(bookingID, names[bookingID], eventID, names[eventID], titleID, names[titleID], venueID, names[venueID], planHash, names[planHash], promotionID, names[promotionID],
		ticketID, names["ticket of "+actor], "grace", "grace-"+actor)
	in.path, in.body = replace.Replace(in.path), replace.Replace(in.body)
	if user, ok := users[actor]; ok {
		in.token = h.session(t, user.ID)
	}
	return in
}

func (h *house) requireMayOrNot(t *testing.T, operation *openapi3.Operation, path, actor string, in request, owner boxoffice.User) {
	t.Helper()
	got := h.do(t, in)
	name := operation.OperationID + " by " + actor + ": " + string(got.body)
	open := operation.Security != nil && len(*operation.Security) == 0
	owned := strings.Contains(path, "/bookings/{id}") || strings.Contains(path, "/me/sessions/{id}")
	roles, restricted := operation.Extensions["x-roles"].([]any)
	switch {
	case open:
		require.NotContains(t, []int{403, 404}, got.status, name)
	case actor == "anonymous":
		require.Equal(t, http.StatusUnauthorized, got.status, name)
	case restricted && !slices.Contains(roles, any(actor)):
		require.Equal(t, http.StatusForbidden, got.status, name)
	case restricted && strings.Contains(path, "/cancellation") && slices.Contains([]string{"support", "admin"}, actor): // staff sees to every event
		require.Equal(t, http.StatusOK, got.status, name)
	case restricted && strings.Contains(path, "{id}") && actor != "organizer": // who owns the event, its title and its venue
		require.Equal(t, http.StatusNotFound, got.status, name)
	case operation.OperationID == "createEvent" && actor == "admin": // of a title that is the organizer's
		require.Equal(t, http.StatusUnprocessableEntity, got.status, name)
	case owned && actor != "owner":
		require.Equal(t, http.StatusNotFound, got.status, name)
	default:
		require.NotContains(t, []int{401, 403, 404, 405, 422}, got.status, name)
	}
	if actor != "owner" {
		for _, private := range []string{owner.ID, owner.Email, owner.PasswordHash} {
			require.NotContains(t, string(got.body), private, name)
		}
	}
}
