package stripe

// The rows of the store. A row is never changed in place: a change puts a new value, so a reader may keep what it got.

type session struct {
	ID                string            `json:"id"`
	Status            string            `json:"status"`
	PaymentStatus     string            `json:"payment_status"`
	Currency          string            `json:"currency"`
	Amount            int64             `json:"amount"`
	Items             []lineItem        `json:"items"`
	SuccessURL        string            `json:"success_url"`
	CancelURL         string            `json:"cancel_url,omitempty"`
	ClientReferenceID string            `json:"client_reference_id,omitempty"`
	CustomerEmail     string            `json:"customer_email,omitempty"`
	Metadata          map[string]string `json:"metadata,omitempty"`
	Intent            intentData        `json:"intent"`
	PaymentIntent     string            `json:"payment_intent,omitempty"`
	PaidByEmail       string            `json:"paid_by_email,omitempty"`
	Created           int64             `json:"created"`
	ExpiresAt         int64             `json:"expires_at"`

	Locale            string `json:"locale,omitempty"`
	SubmitType        string `json:"submit_type,omitempty"`
	BillingAddress    string `json:"billing_address_collection,omitempty"`
	CustomerCreation  string `json:"customer_creation,omitempty"`
	PaymentCollection string `json:"payment_method_collection,omitempty"`
}

// intentData is what a session hands on to its payment intent (payment_intent_data).
type intentData struct {
	Metadata                  map[string]string `json:"metadata,omitempty"`
	Description               string            `json:"description,omitempty"`
	ReceiptEmail              string            `json:"receipt_email,omitempty"`
	StatementDescriptor       string            `json:"statement_descriptor,omitempty"`
	StatementDescriptorSuffix string            `json:"statement_descriptor_suffix,omitempty"`
}

type lineItem struct {
	ID          string `json:"id"`
	Price       string `json:"price"`
	Product     string `json:"product"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	UnitAmount  int64  `json:"unit_amount"`
	Quantity    int64  `json:"quantity"`
}

type paymentIntent struct {
	ID            string     `json:"id"`
	Session       string     `json:"session"`
	Status        string     `json:"status"`
	Amount        int64      `json:"amount"`
	Currency      string     `json:"currency"`
	Data          intentData `json:"data"`
	Charges       []string   `json:"charges,omitempty"` // oldest first; the last is latest_charge
	PaymentMethod string     `json:"payment_method,omitempty"`
	ClientSecret  string     `json:"client_secret"`
	Decline       *decline   `json:"decline,omitempty"`
	CanceledAt    int64      `json:"canceled_at,omitempty"`
	Created       int64      `json:"created"`
}

type charge struct {
	ID                 string     `json:"id"`
	PaymentIntent      string     `json:"payment_intent"`
	Amount             int64      `json:"amount"`
	Refunded           int64      `json:"refunded"` // pending and succeeded refunds
	Currency           string     `json:"currency"`
	Status             string     `json:"status"`
	Email              string     `json:"email"`
	Data               intentData `json:"data"`
	Card               cardOnFile `json:"card"`
	PaymentMethod      string     `json:"payment_method"`
	BalanceTransaction string     `json:"balance_transaction,omitempty"`
	Decline            *decline   `json:"decline,omitempty"`
	Refunds            []string   `json:"refunds,omitempty"` // oldest first
	Dispute            string     `json:"dispute,omitempty"`
	Created            int64      `json:"created"`
}

// cardOnFile is what is kept of a card; its number is not.
type cardOnFile struct {
	Brand     string    `json:"brand"`
	Last4     string    `json:"last4"`
	ExpMonth  int       `json:"exp_month"`
	ExpYear   int       `json:"exp_year"`
	Behaviour behaviour `json:"behaviour"`
}

// decline says why a card was refused.
type decline struct {
	Code        string `json:"code"`
	DeclineCode string `json:"decline_code,omitempty"`
	Message     string `json:"message"`
	Param       string `json:"param,omitempty"`
}

type refund struct {
	ID                   string            `json:"id"`
	Charge               string            `json:"charge"`
	PaymentIntent        string            `json:"payment_intent"`
	Amount               int64             `json:"amount"`
	Currency             string            `json:"currency"`
	Reason               string            `json:"reason,omitempty"`
	Status               string            `json:"status"`
	FailureReason        string            `json:"failure_reason,omitempty"`
	Metadata             map[string]string `json:"metadata,omitempty"`
	BalanceTransaction   string            `json:"balance_transaction,omitempty"`
	FailureBalanceChange string            `json:"failure_balance_transaction,omitempty"`
	Created              int64             `json:"created"`
}

type dispute struct {
	ID            string `json:"id"`
	Charge        string `json:"charge"`
	PaymentIntent string `json:"payment_intent"`
	Amount        int64  `json:"amount"`
	Currency      string `json:"currency"`
	Reason        string `json:"reason"`
	Status        string `json:"status"`
	Brand         string `json:"brand"`
	Created       int64  `json:"created"`
}

// chore is something that is to happen by itself at a later time: a refund settles, a dispute arrives.
type chore struct {
	ID     string `json:"id"`
	Kind   string `json:"kind"`
	Object string `json:"object"`
	At     int64  `json:"at_ms"` // milliseconds, since test delays are short
}

// eventHead is what memory holds of an event; its body stays in the journal.
type eventHead struct {
	ID      string
	Type    string
	Created int64
	body    span
}

// delivery is an event that an endpoint has not taken yet.
type delivery struct {
	ID       string `json:"id"`
	Event    string `json:"event"`
	Endpoint string `json:"endpoint"`
	Attempts int    `json:"attempts"`
	First    int64  `json:"first"`
	Next     int64  `json:"next_ms"`
}

// storedAnswer is what an idempotency key stands for; the answer's body stays in the journal.
type storedAnswer struct {
	Key     string
	Print   string // what was asked: method, path and parameters, hashed
	Path    string
	Status  int
	Request string
	Created int64
	body    span
}
