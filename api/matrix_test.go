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

// actors are who asks: nobody, another buyer than the owner, the organizer of the event and one who has nothing to do with it,
// staff, and last the owner, whose acts change things.
var actors = []string{"anonymous", "other", "organizer", "stranger", "support", "admin", "owner"}

// roles are those of the actors.
var roles = map[string]boxoffice.Role{
	"other": boxoffice.RoleBuyer, "organizer": boxoffice.RoleOrganizer, "stranger": boxoffice.RoleOrganizer, "support": boxoffice.RoleSupport,
	"admin": boxoffice.RoleAdmin, "owner": boxoffice.RoleBuyer,
}

// TestWhoMayDoWhat asks every operation of openapi.yaml as everybody, over the real store. Who may is read off the
// document: `security: []` is open to all, `x-roles` names the roles that may; and what belongs to somebody is there for
// nobody else, staff included: the bookings are the owner's, the event is the organizer's. Only under /support does staff see and
// help other people's bookings. A GET writes nothing, but that staff has read something.
func TestWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	doc, _ := spec(t)
	h := newHouse(t)
	users := map[string]boxoffice.User{}
	for name, role := range roles {
		users[name], _ = h.person(t, name, role)
	}
	ada := users["owner"]
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
					after := h.rows(t)
					if isSupport(path) && roles[actor].IsStaff() && !strings.HasPrefix(path, "/support/tasks") {
						require.NotEqual(t, before["audit_log"], after["audit_log"], "%s is read unseen", path)
						delete(before, "audit_log")
						delete(after, "audit_log")
					}
					require.Equal(t, before, after, "%s writes", path)
				}
				asked++
			}
		}
	}
	t.Logf("%d questions", asked)
}

func isSupport(path string) bool { return strings.HasPrefix(path, "/support/") }

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
	h.exec(t, `INSERT INTO support_tasks (id, key, kind, booking_id, summary, advice) VALUES ($1, $2, 'dispute', $1, 'The bank asks.', 'Answer it.')`, booking.ID, booking.ID)
	require.NoError(t, h.files.Put(t.Context(), boxoffice.PosterKey(hex.EncodeToString(plan)), "image/jpeg", []byte("\xff\xd8\xff")))
	names := map[string]string{
		taskID: booking.ID, bookingID: booking.ID, eventID: event, titleID: title, venueID: venue, planHash: hex.EncodeToString(plan), "session": session,
		promotionID: h.addPromotion(t, "organizer"),
	}
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
	replace := strings.NewReplacer(taskID, names[taskID], bookingID, names[bookingID], eventID, names[eventID], titleID, names[titleID],
		venueID, names[venueID], planHash, names[planHash], promotionID, names[promotionID],
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
	owned := strings.HasPrefix(path, "/bookings/{id}") || strings.HasPrefix(path, "/me/sessions/{id}")
	may, restricted := operation.Extensions["x-roles"].([]any)
	switch {
	case open:
		require.NotContains(t, []int{403, 404}, got.status, name)
	case actor == "anonymous":
		require.Equal(t, http.StatusUnauthorized, got.status, name)
	case restricted && !slices.Contains(may, any(string(roles[actor]))):
		require.Equal(t, http.StatusForbidden, got.status, name)
	case restricted && strings.Contains(path, "/cancellation") && slices.Contains([]string{"support", "admin"}, actor): // staff sees to every event
		require.Equal(t, http.StatusOK, got.status, name)
	case isSupport(path) && (strings.HasSuffix(path, "-refund") || strings.HasSuffix(path, "/refunded-otherwise")): // of a payment that is none of the booking's
		require.Equal(t, http.StatusNotFound, got.status, name)
	case isSupport(path):
		require.Contains(t, []int{200, 409, 503}, got.status, name) // 409: its state forbids it; 503: Temporal is away
	case restricted && strings.Contains(path, "{id}") && actor != "organizer": // who owns the event, its title and its venue
		require.Equal(t, http.StatusNotFound, got.status, name)
	case operation.OperationID == "createEvent" && actor != "organizer": // of a title that is the organizer's
		require.Equal(t, http.StatusUnprocessableEntity, got.status, name)
	case owned && actor != "owner":
		require.Equal(t, http.StatusNotFound, got.status, name)
	default:
		require.NotContains(t, []int{401, 403, 404, 405, 422}, got.status, name)
	}
	if actor != "owner" && !(isSupport(path) && roles[actor].IsStaff()) {
		for _, private := range []string{owner.ID, owner.Email, owner.PasswordHash} {
			require.NotContains(t, string(got.body), private, name)
		}
	}
}
