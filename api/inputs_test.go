package api

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// refusal is an input that must be refused.
type refusal struct {
	name   string
	in     request
	status int
	code   string
	fields []string // that the problem names; nil: none
}

// jsonOf makes a request with a body; its token is filled in by whoever sends it.
func jsonOf(path, body string, headers ...string) request {
	return request{method: "POST", path: path, body: body, headers: headers}
}

func invalid(name string, in request, fields ...string) refusal {
	return refusal{name, in, http.StatusUnprocessableEntity, "invalid", fields}
}

func malformed(name string, in request) refusal {
	return refusal{name, in, http.StatusBadRequest, "malformed", nil}
}

func signUpWith(extra string) string {
	return `{"username":"ada","password":"correct horse battery"` + extra + `}`
}

// unreadableBodies are no JSON that we read.
func unreadableBodies() []refusal {
	nested := func(depth int) string {
		return signUpWith(`,"email":` + strings.Repeat("[", depth) + strings.Repeat("]", depth))
	}
	return []refusal{
		malformed("empty", jsonOf("/signup", " ")),
		malformed("cut off", jsonOf("/signup", `{"username"`)),
		malformed("trailing object", jsonOf("/signup", signUpWith("")+`{}`)),
		malformed("trailing garbage", jsonOf("/signup", signUpWith("")+`garbage`)),
		malformed("trailing NUL", jsonOf("/signup", signUpWith("")+"\x00")),
		malformed("a byte order mark", jsonOf("/signup", "\ufeff"+signUpWith(""))),
		malformed("UTF-16", jsonOf("/signup", "\xff\xfe{\x00}\x00")),
		malformed("not UTF-8", jsonOf("/signup", signUpWith(",\"email\":\"\xff\""))),
		malformed("an overlong UTF-8", jsonOf("/signup", signUpWith(",\"email\":\"\xc0\xaf\""))),
		malformed("a raw control character", jsonOf("/signup", signUpWith(",\"email\":\"a\nb\""))),
		malformed("a comment", jsonOf("/signup", `/* hello */`+signUpWith(""))),
		malformed("single quotes", jsonOf("/signup", `{'username':'ada'}`)),
		malformed("NaN", jsonOf("/signup", signUpWith(`,"email":NaN`))),
		malformed("a leading zero", jsonOf("/signup", signUpWith(`,"email":007`))),
		malformed("nested too deeply", jsonOf("/signup", nested(40))),
		malformed("nested beyond the decoder's own bound", jsonOf("/signup", nested(20_000))),
		malformed("deep objects", jsonOf("/signup", strings.Repeat(`{"a":`, 40)+"1"+strings.Repeat("}", 40))),
		{"too large", jsonOf("/signup", signUpWith(`,"email":"`+strings.Repeat("a", 64<<10)+`"`)), 413, "too-large", nil},
		{"too large by white space", jsonOf("/book", strings.Repeat(" ", 64<<10)+`[]`), 413, "too-large", nil},
	}
}

// best makes a request for the best seats.
func best(body string) request { return jsonOf("/events/"+eventID+"/book-best", body) }

// seatChange makes a request to change the seats of a booking.
func seatChange(body string) request {
	in := jsonOf("/bookings/"+bookingID+"/seats", body)
	in.method = "PATCH"
	return in
}

// strangeBodies are JSON of another shape than the document has.
func strangeBodies() []refusal {
	return []refusal{
		invalid("null", jsonOf("/signup", `null`), "body"),
		invalid("an array", jsonOf("/signup", `[]`), "body"),
		invalid("a string", jsonOf("/signup", `"username"`), "body"),
		invalid("missing fields", jsonOf("/signup", `{}`), "password", "username"),
		invalid("a role", jsonOf("/signup", signUpWith(`,"role":"admin"`)), "role"),
		invalid("an ID", jsonOf("/signup", signUpWith(`,"id":"`+otherID+`"`)), "id"),
		invalid("a prototype", jsonOf("/signup", signUpWith(`,"__proto__":{"role":"admin"}`)), "__proto__"),
		invalid("an unknown field with an endless name", jsonOf("/signup", signUpWith(`,"`+strings.Repeat("x", 1000)+`":1`)), strings.Repeat("x", 64)+"…"),
		invalid("another case", jsonOf("/signup", signUpWith(`,"Email":"a@b.c"`)), "Email"),
		invalid("another case by Unicode folding", jsonOf("/signup", signUpWith(`,"u\u017fername":"eve"`)), "uſername"),
		invalid("twice", jsonOf("/signup", signUpWith(`,"username":"eve"`)), "username"),
		invalid("twice by an escape", jsonOf("/signup", signUpWith(`,"\u0075sername":"eve"`)), "username"),
		invalid("wrong types", jsonOf("/signup", signUpWith(`,"email":7,"location":{}`)), "email", "location"),
		invalid("a number without end", jsonOf("/signup", signUpWith(`,"email":1e999`)), "email"),
		invalid("null as a field", jsonOf("/signup", signUpWith(`,"email":null`)), "email"),
		invalid("NUL", jsonOf("/signup", signUpWith(`,"location":"Chi\u0000co, CA"`)), "location"),
		invalid("half a character", jsonOf("/signup", `{"username":"ada","password":"correct horse \ud800 battery"}`), "password"),
		invalid("the second half", jsonOf("/signup", `{"username":"ada","password":"correct horse \udc00 battery"}`), "password"),
		invalid("halves in the wrong order", jsonOf("/signup", `{"username":"ada","password":"correct horse \udc00\ud800 battery"}`), "password"),
		invalid("half at the end", jsonOf("/signup", `{"username":"ada","password":"correct horse\ud83c"}`), "password"),
		invalid("no credentials", jsonOf("/login", `{"username":"","password":""}`), "username", "password"),
		invalid("an endless password", jsonOf("/login", `{"username":"ada","password":"`+strings.Repeat("a", 1025)+`"}`), "password"),
		invalid("an operator for a password", jsonOf("/login", `{"username":"ada","password":{"$ne":""}}`), "password"),
		invalid("a price", jsonOf("/bookings/"+bookingID+"/extend", `{"price_minor":0}`), "body"),
		invalid("a status", jsonOf("/bookings/"+bookingID+"/cancel", `{"status":"completed"}`), "status"),
		invalid("no ticket", jsonOf("/bookings/"+bookingID+"/cancel", `{"ticket_ids":[]}`), "ticket_ids"),
		invalid("no ticket's ID", jsonOf("/bookings/"+bookingID+"/cancel", `{"ticket_ids":["`+ticketID+`","C 12"]}`), "ticket_ids[1]"),
		invalid("a ticket twice", jsonOf("/bookings/"+bookingID+"/cancel", `{"ticket_ids":["`+ticketID+`","`+strings.ToUpper(ticketID)+`"]}`), "ticket_ids[1]"),
		invalid("null for tickets", jsonOf("/bookings/"+bookingID+"/cancel", `{"ticket_ids":null}`), "ticket_ids"),
		invalid("the best of nothing", best(`{}`), "count"),
		invalid("no best seat", best(`{"count":0}`), "count"),
		invalid("fewer than none", best(`{"count":-1}`), "count", "accessible"),
		invalid("half a seat", best(`{"count":1.5}`), "count"),
		invalid("all that there is", best(`{"count":1e9}`), "count"),
		invalid("a word", best(`{"count":"two"}`), "count"),
		invalid("more wheelchairs than seats", best(`{"count":1,"accessible":2}`), "accessible"),
		invalid("fewer wheelchairs than none", best(`{"count":1,"accessible":-1}`), "accessible"),
		invalid("a category of two lines", best(`{"count":1,"category":"a\nb"}`), "category"),
		invalid("an endless category", best(`{"count":1,"category":"`+strings.Repeat("x", 41)+`"}`), "category"),
		invalid("a price below nothing", best(`{"count":1,"max_price_minor":-5}`), "max_price_minor"),
		invalid("somebody else's best", best(`{"count":1,"user_id":"`+otherID+`"}`), "user_id"),
		invalid("best seats as a list", best(`[1]`), "body"),
		invalid("no change", seatChange(`{}`), "body"),
		invalid("no seats to add", seatChange(`{"add":[]}`), "add"),
		invalid("no seats to remove", seatChange(`{"remove":[]}`), "remove"),
		invalid("null to remove", seatChange(`{"remove":null}`), "remove"),
		invalid("no seats' IDs", seatChange(`{"add":["C 12"],"remove":["`+ticketID+`","x"]}`), "add[0]", "remove[1]"),
		invalid("a seat more twice", seatChange(`{"add":["`+ticketID+`","`+strings.ToUpper(ticketID)+`"]}`), "add[1]"),
		invalid("a seat more and fewer", seatChange(`{"add":["`+ticketID+`"],"remove":["`+ticketID+`"]}`), "remove[0]"),
		invalid("seats at a price", seatChange(`{"add":["`+ticketID+`"],"price_minor":1}`), "price_minor"),
		invalid("seats as a list", seatChange(`["`+ticketID+`"]`), "body"),
		invalid("an amount of one's own", jsonOf("/bookings/"+bookingID+"/cancel", `{"refund_minor":5000}`), "refund_minor"),
		invalid("a reason of two lines", jsonOf("/bookings/"+bookingID+"/cancel", `{"reason":"ill\nBcc: eve@example.com"}`), "reason"),
		invalid("a novel for a reason", jsonOf("/bookings/"+bookingID+"/cancel", `{"reason":"`+strings.Repeat("x", 201)+`"}`), "reason"),
		invalid("a preview of a kind", jsonOf("/bookings/"+bookingID+"/cancel?preview=maybe", `{}`), "preview"),
		invalid("an owner and an expiry", jsonOf("/bookings/"+bookingID+"/checkout", `{"user_id":"`+otherID+`","expires_at":"2099-01-01T00:00:00Z"}`), "user_id", "expires_at"),
	}
}

// wrongFields are sign-ups that a person, or a program of one, gets wrong.
func wrongFields() []refusal {
	name := func(what, username string) refusal {
		return invalid("username "+what, jsonOf("/signup", `{"username":"`+username+`","password":"correct horse"}`), "username")
	}
	email := func(what, address string) refusal {
		return invalid("e-mail "+what, jsonOf("/signup", signUpWith(`,"email":"`+address+`"`)), "email")
	}
	location := func(what, text string) refusal {
		return invalid("location "+what, jsonOf("/signup", signUpWith(`,"location":"`+text+`"`)), "location")
	}
	return []refusal{
		name("short", "ab"), name("long", strings.Repeat("a", 41)), name("with a space", "a da"), name("with a dot before", ".ada"),
		name("of other letters", "аdа"), name("turned around", `ada\u202e`), name("with a line", `ada\nINFO logged in`),
		name("with a joiner", `a\u200dda`), name("that is markup", `<script>`), name("that is SQL", `ada'--`),
		email("with a name", "Ada <ada@example.com>"), email("with a header", `a@b.c\r\nBcc: x@y.z`), email("without a place", "ada"),
		email("with two", "a@b.c,d@e.f"), email("turned around", `a\u202e@b.c`), email("with what cannot be seen", `a\u200b@b.c`),
		email("quoted", `\"a b\"@b.c`), email("endless", strings.Repeat("a", 251)+"@b.c"),
		location("without a state", "Chico"), location("turned around", `Chi\u202eco, CA`), location("endless", strings.Repeat("C", 101)+", CA"),
		location("of combining marks", "Chico"+strings.Repeat(`\u0301`, 2000)+", CA"),
	}
}

// wrongAccounts are changes of an account that are not ones.
func wrongAccounts() []refusal {
	var all []refusal
	for what, address := range map[string]string{"empty": "", "of no place": "ada", "with a header": `a@b.c\r\nBcc: x@y.z`, "turned around": `a\u202e@b.c`} {
		all = append(all,
			invalid("reset of an address "+what, jsonOf("/password-resets", `{"email":"`+address+`"}`), "email"),
			invalid("new address "+what, jsonOf("/me/email", `{"email":"`+address+`","password":"`+goodPassword+`"}`), "email"))
	}
	return append(all,
		invalid("reset of nobody", jsonOf("/password-resets", `{}`), "email"),
		invalid("reset of two", jsonOf("/password-resets", `{"email":["a@b.c","d@e.f"]}`), "email"),
		invalid("reset by name", jsonOf("/password-resets", `{"username":"ada"}`), "email", "username"),
		invalid("new password of another", jsonOf("/me/password", `{"user_id":"`+otherID+`","current_password":"x","new_password":"`+newPassword+`"}`), "user_id"),
		invalid("new password known", jsonOf("/me/password", `{"current_password":"`+goodPassword+`","new_password":"Password1"}`), "new_password"),
		invalid("new password short", jsonOf("/me/password", `{"current_password":"`+goodPassword+`","new_password":"short"}`), "new_password"),
		invalid("old password wrong", jsonOf("/me/password", `{"current_password":"wrong horse","new_password":"`+newPassword+`"}`), "current_password"),
		invalid("old password endless", jsonOf("/me/password", `{"current_password":"`+strings.Repeat("x", 2000)+`","new_password":"`+newPassword+`"}`), "current_password"),
		invalid("new address with a wrong password", jsonOf("/me/email", `{"email":"new@example.com","password":"wrong horse"}`), "password"),
		refusal{"no session of mine", request{method: "DELETE", path: "/me/sessions/" + otherID + "x"}, 404, "not-found", nil},
	)
}

// weakPasswords are too short, too long, or known to everybody.
func weakPasswords() []refusal {
	var all []refusal
	for name, password := range map[string]string{
		"short": "7 chars", "short in characters": "éééäää", "of spaces": "         ", "one character": "éééééééé",
		"known": "Password1", "known in another case": "QWERTYUIOP", "known digits": "1234567890", "known phrase": "iloveyou2",
		"long": strings.Repeat("ab", 129), "long in bytes": "x" + strings.Repeat(`e\u0302\u0301`, 250),
		"endless marks": "a" + strings.Repeat(`\u0301`, 5000),
	} {
		all = append(all, invalid("password "+name, jsonOf("/signup", `{"username":"ada","password":"`+password+`"}`), "password"))
	}
	same := jsonOf("/signup", `{"username":"adalovelace","password":"AdaLovelace"}`)
	return append(all, invalid("password same as the username", same, "password"))
}

// wrongMediaTypes are bodies that say to be something else.
func wrongMediaTypes() []refusal {
	var all []refusal
	for _, kind := range []string{
		"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json; charset=latin1",
		"application/json; charset=utf-16", "application/jsonp", "application/json; charset=\"", "application/json, text/plain",
	} {
		all = append(all, refusal{"media type " + kind, jsonOf("/signup", signUpWith(""), "Content-Type", kind), 415, "unsupported-media", nil})
	}
	for _, coding := range []string{"gzip", "deflate", "br", "gzip, identity"} {
		all = append(all, refusal{"coding " + coding, jsonOf("/signup", signUpWith(""), "Content-Encoding", coding), 415, "unsupported-media", nil})
	}
	return append(all, refusal{"checkout as a form", jsonOf("/bookings/"+bookingID+"/checkout", "email=x", "Content-Type", "text/plain"), 415, "unsupported-media", nil})
}

// wrongParameters are query strings, cursors and keys.
func wrongParameters() []refusal {
	var all []refusal
	for _, c := range [][2]string{
		{"/events?limit=0", "limit"}, {"/events?limit=101", "limit"}, {"/events?limit=-1", "limit"}, {"/events?limit=ten", "limit"},
		{"/events?limit=1e1", "limit"}, {"/events?limit=99999999999999999999", "limit"}, {"/bookings?limit=101", "limit"},
		{"/events?limit=5&limit=6", "limit"}, {"/events?city=a&city=b", "city"}, {"/events?city=%00", "city"}, {"/events?city=%ff", "city"},
		{"/events?city=" + strings.Repeat("x", 101), "city"}, {"/events?title=" + url.QueryEscape("' OR 1=1--"), "title"},
		{"/events?title=" + strings.Repeat("a", 37), "title"}, {"/events?from=tomorrow", "from"}, {"/events?from=0000-01-01T00:00:00Z", "from"},
		{"/events?from=2026-12-02&to=2026-12-01", "to"}, {"/events?city=%zz", "query"}, {"/events?limit=5;limit=6", "query"},
		{"/events/" + eventID + "?cursor=a&cursor=b", "cursor"}, {"/events/" + eventID + "?cursor=%00", "cursor"},
		{"/bookings?cursor=" + strings.Repeat("x", 513), "cursor"}, {"/bookings?event_id=" + eventID[:35], "event_id"},
		{"/events/" + eventID + "?tickets=all", "tickets"}, {"/events/" + eventID + "/seats?section=Roof", "section"},
		{"/events/" + eventID + "/seats?section=" + strings.Repeat("x", 41), "section"}, {"/events/" + eventID + "/seats?section=%00", "section"},
	} {
		all = append(all, invalid(c[0], request{method: "GET", path: c[0]}, c[1]))
	}
	for _, in := range []request{jsonOf("/book?accessible=yes", `["`+ticketID+`"]`), jsonOf("/reserve?accessible=1", `["`+ticketID+`"]`)} {
		all = append(all, invalid("a place for a wheelchair, "+in.path, in, "accessible"))
	}
	change := seatChange(`{"add":["` + ticketID + `"]}`)
	change.path += "?accessible=true&accessible=true"
	all = append(all, invalid("a place for a wheelchair twice", change, "accessible"))
	for _, key := range []string{"", "two words", "é", "tab\t", "line\nbreak", strings.Repeat("k", 256)} {
		all = append(all, invalid("key "+key, jsonOf("/book", `["`+ticketID+`"]`, "Idempotency-Key", key), "Idempotency-Key"))
		all = append(all, invalid("extend, key "+key, jsonOf("/bookings/"+bookingID+"/extend", "", "Idempotency-Key", key), "Idempotency-Key"))
	}
	return all
}

// nowhere are paths that name nothing.
func nowhere() []refusal {
	var all []refusal
	for _, path := range []string{
		"/nothing", "/events/1", "/events/" + otherID, "/events/..%2f..%2fetc%2fpasswd", "/events/%00", "/titles/x", "/titles/" + otherID,
		"/bookings/" + otherID, "/bookings/" + bookingID + "%00", "/bookings/{" + bookingID + "}", "/bookings/urn:uuid:" + bookingID,
		"/bookings/" + bookingID + "/tickets/x/qr.png", "/bookings/" + otherID + "/tickets/../../../etc/passwd", "/seat-plans/" + strings.ToUpper(planHash),
		"/seat-plans/x", "/events/", "/me/", "/metrics", "/debug/pprof/", "/.env", "/bookings//" + bookingID, "/BOOKINGS/" + bookingID,
	} {
		all = append(all, refusal{path, request{method: "GET", path: path}, 404, "not-found", nil})
	}
	for _, method := range []string{"DELETE", "PUT", "PATCH", "TRACE", "OPTIONS", "GET", "BREW"} {
		all = append(all, refusal{method + " /book", request{method: method, path: "/book"}, 405, "method-not-allowed", nil})
	}
	return all
}

// The same inputs are sent to the real store in TestNothingOfABadInputIsWritten; here the fakes answer, at once.
func TestBadInputIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *Options) {
		o.Limits.SignUpPerAddress = Rate{Requests: -1}
		o.Limits.LoginPerAddress = Rate{Requests: -1}
	})
	token := b.users.join("someone")
	for _, group := range statelessRefusals() {
		for _, bad := range group {
			t.Run(bad.name, func(t *testing.T) {
				t.Parallel()
				bad.in.token = token
				got := b.do(t, bad.in)
				require.ElementsMatch(t, bad.fields, fieldNames(got.problem(bad.status, bad.code)), string(got.body))
				require.Less(t, len(got.body), 4096, "an endless answer to an endless input")
			})
		}
	}
}

func statelessRefusals() [][]refusal {
	return [][]refusal{
		unreadableBodies(), strangeBodies(), wrongFields(), weakPasswords(), wrongMediaTypes(), wrongParameters(), nowhere(), wrongTickets(), wrongPlaces(), wrongAccounts(), wrongResends(), wrongCodes(),
	}
}

// wrongResends ask for the tickets' mail in a way that needs no database to be wrong.
func wrongResends() []refusal {
	resend := "/bookings/" + bookingID + "/resend"
	var all []refusal
	for what, address := range map[string]string{
		"of no place": "ada", "with a name": "Ada <ada@example.com>", "with a header": `a@b.c\r\nBcc: x@y.z`, "with two": "a@b.c,d@e.f",
		"turned around": `a\u202e@b.c`, "endless": strings.Repeat("a", 251) + "@b.c",
	} {
		all = append(all, invalid("tickets again to an address "+what, jsonOf(resend, `{"email":"`+address+`"}`), "email"))
	}
	return append(all,
		invalid("tickets again to a list", jsonOf(resend, `{"email":["a@b.c"]}`), "email"),
		invalid("tickets again to null", jsonOf(resend, `{"email":null}`), "email"),
		invalid("tickets again, twice", jsonOf(resend, `{"email":"a@b.c","email":"d@e.f"}`), "email"),
		invalid("tickets again of somebody", jsonOf(resend, `{"user_id":"`+otherID+`","kind":"refunded"}`), "user_id", "kind"),
		invalid("tickets again, an array", jsonOf(resend, `[]`), "body"),
		invalid("tickets again, a key in two words", jsonOf(resend, "", "Idempotency-Key", "two words"), "Idempotency-Key"),
		malformed("tickets again, cut off", jsonOf(resend, `{"email"`)),
		refusal{"tickets again, too large", jsonOf(resend, `{"email":"`+strings.Repeat("a", 64<<10)+`"}`), 413, "too-large", nil},
		refusal{"tickets again as a form", jsonOf(resend, "email=x", "Content-Type", "application/x-www-form-urlencoded"), 415, "unsupported-media", nil},
		refusal{"tickets of nothing again", jsonOf("/bookings/"+otherID+"/resend", ""), 404, "not-found", nil},
		refusal{"tickets of no UUID again", jsonOf("/bookings/x/resend", ""), 404, "not-found", nil},
	)
}

// wrongTickets are lists of seats that need no database to be wrong.
func wrongTickets() []refusal {
	return []refusal{
		invalid("no tickets", jsonOf("/book", `[]`), "body"),
		invalid("an object", jsonOf("/reserve", `{"tickets":[]}`), "body"),
		invalid("a string of tickets", jsonOf("/book", `"`+ticketID+`"`), "body"),
		invalid("not a UUID", jsonOf("/book/", `["`+ticketID+`","x"]`), "[1]"),
		invalid("an empty ID", jsonOf("/book", `[""]`), "[0]"),
		invalid("a null", jsonOf("/book", `["`+ticketID+`",null]`), "[1]"),
		invalid("a number", jsonOf("/book", `[5]`), "[0]"),
		invalid("a number out of all range", jsonOf("/book", `[1e999]`), "[0]"),
		invalid("a UUID as a URN", jsonOf("/book", `["urn:uuid:`+ticketID+`"]`), "[0]"),
		invalid("a list of lists", jsonOf("/book", `[["`+ticketID+`"]]`), "[0]"),
		invalid("the same ticket", jsonOf("/book", `["`+ticketID+`","`+strings.ToUpper(ticketID)+`"]`), "[1]"),
	}
}

// wrongPlaces lead a buyer from the payment page to somebody else.
func wrongPlaces() []refusal {
	checkout := "/bookings/" + bookingID + "/checkout"
	var all []refusal
	for _, place := range []string{
		"https://evil.test/", "//evil.test", `/\\evil.test`, "http://box.test@evil.test/", "http://box.test.evil.test/", "https://box.test/",
		"http://box.test:81/", "javascript:alert(1)", "data:text/html,x", "app", `/\t/evil.test`, "http://u:p@box.test/", "http:evil.test",
		"/" + strings.Repeat("x", 2048),
	} {
		all = append(all, invalid("back to "+place[:min(len(place), 30)], jsonOf(checkout, `{"success_url":"`+place+`"}`), "success_url"))
	}
	both := jsonOf(checkout, `{"email":"x","success_url":"https://evil.test/","cancel_url":"//evil.test"}`)
	return append(all, invalid("all of it wrong", both, "email", "success_url", "cancel_url"))
}

func TestParametersReachTheCatalogue(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *Options) { o.PublicBrowsing = true })
	path := "/events?city=Chico&title=" + strings.ToUpper(titleID) +
		"&from=2026-12-01&to=2026-12-02T10:00:00-08:00&limit=7&cursor=c&unknown=1"
	require.Equal(t, http.StatusOK, b.do(t, request{method: "GET", path: path}).status)
	got := b.catalogue.filter
	require.Equal(t, "Chico", got.City)
	require.Equal(t, titleID, got.TitleID)
	require.Equal(t, "2026-12-01T00:00:00Z", got.From.Format("2006-01-02T15:04:05Z07:00"))
	require.Equal(t, "2026-12-02T18:00:00Z", got.To.Format("2006-01-02T15:04:05Z07:00"))
	require.Equal(t, 7, got.Limit)
	require.Equal(t, "c", got.Cursor)
}

func TestMethodsThatAPathLacksAre405(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := b.do(t, request{method: "DELETE", path: "/book"})
	got.problem(http.StatusMethodNotAllowed, "method-not-allowed")
	require.Equal(t, "POST", got.header.Get("Allow"))
	b.do(t, request{method: "TRACE", path: "/me"}).problem(http.StatusMethodNotAllowed, "method-not-allowed")
}

func TestABodyOfExactlyTheLimitIsRead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	webhook := func(size int) result {
		return b.do(t, request{
			method: "POST", path: "/webhooks/stripe", body: strings.Repeat("x", size), headers: []string{"Stripe-Signature", "good"},
		})
	}
	require.Equal(t, http.StatusOK, webhook(maxWebhookBody).status)
	require.Len(t, b.bookings.payload, maxWebhookBody)
	webhook(maxWebhookBody+1).problem(http.StatusRequestEntityTooLarge, "too-large")
	body := `["` + ticketID + `"]`
	padded := body + strings.Repeat(" ", maxBody-len(body))
	token := b.users.join("ada")
	require.Equal(t, http.StatusCreated, b.do(t, request{method: "POST", path: "/book", body: padded, token: token}).status)
	b.do(t, request{method: "POST", path: "/book", body: padded + " ", token: token}).problem(413, "too-large")
}
