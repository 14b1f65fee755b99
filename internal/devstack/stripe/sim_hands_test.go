package stripe

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSim_RefundByHand(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.paidSession("4242424242424242")
	intent := s.str("payment_intent.id")
	part := b.simPost("/_sim/refunds", obj{"payment_intent": intent, "amount_minor": 600})
	require.Equal(t, http.StatusOK, part.status, part.raw)
	requireFits(t, "refund", part.body)
	require.Empty(t, part.at("metadata"), "nothing of ours")
	event := b.get("/v1/events?type=charge.refunded")
	require.Equal(t, intent, event.str("data.0.data.object.payment_intent"))
	require.EqualValues(t, 600, event.num("data.0.data.object.amount_refunded"))
	require.Nil(t, event.at("data.0.data.object.refunds"), "not expanded")
	require.Empty(t, b.get("/v1/events?type=charge.refund.updated").data(), "at this version a refund that is made is told of by its charge")
	require.EqualValues(t, 4000, b.simPost("/_sim/refunds", obj{"payment_intent": intent}).num("amount"), "all that is left")
	require.Equal(t, http.StatusBadRequest, b.simPost("/_sim/refunds", obj{"payment_intent": intent}).status)
	require.Equal(t, http.StatusNotFound, b.simPost("/_sim/refunds", obj{"payment_intent": "pi_none"}).status)

	failed := b.simPost("/_sim/refunds/"+part.str("id")+"/fail", obj{})
	require.Equal(t, "failed", failed.str("status"))
	requireFits(t, "refund", failed.body)
	require.Equal(t, part.str("id"), b.get("/v1/events?type=charge.refund.updated").str("data.0.data.object.id"))
	require.Equal(t, http.StatusNotFound, b.simPost("/_sim/refunds/re_none/fail", obj{}).status)
}

func TestSim_Disputes(t *testing.T) {
	t.Parallel()
	for decision, told := range map[string][]string{
		"won":  {"charge.dispute.funds_reinstated", "charge.dispute.closed", "charge.dispute.funds_withdrawn", "charge.dispute.created"},
		"lost": {"charge.dispute.closed", "charge.dispute.funds_withdrawn", "charge.dispute.created"},
	} {
		b := setup(t)
		intent := b.paidSession("4242424242424242").str("payment_intent.id")
		open := b.simPost("/_sim/disputes", obj{"payment_intent": intent})
		require.Equal(t, "needs_response", open.str("status"), open.raw)
		requireFits(t, "dispute", open.body)
		require.Equal(t, "charge_disputed", b.refund("payment_intent", intent).str("error.code"))
		require.Equal(t, http.StatusBadRequest, b.simPost("/_sim/disputes", obj{"payment_intent": intent}).status, "once")
		closed := b.simPost("/_sim/disputes/"+open.str("id")+"/close", obj{"status": decision})
		require.Equal(t, decision, closed.str("status"))
		requireFits(t, "dispute", closed.body)
		var types []string
		for _, e := range b.get("/v1/events?limit=4").data() {
			if kind, _ := at(e, "type").(string); len(types) < len(told) {
				types = append(types, kind)
			}
		}
		require.Equal(t, told, types)
		refused := b.refund("payment_intent", intent)
		require.Equal(t, map[string]int{"won": 200, "lost": 400}[decision], refused.status, refused.raw)
	}
	b := setup(t)
	intent := b.paidSession("4242424242424242").str("payment_intent.id")
	asked := b.simPost("/_sim/disputes", obj{"payment_intent": intent, "inquiry": true})
	require.Equal(t, "warning_needs_response", asked.str("status"))
	require.Equal(t, http.StatusOK, b.refund("payment_intent", intent).status, "an inquiry takes no money")
	require.Equal(t, http.StatusBadRequest, b.simPost("/_sim/disputes/"+asked.str("id")+"/close", obj{"status": "bored"}).status)
	require.Equal(t, http.StatusNotFound, b.simPost("/_sim/disputes/dp_none/close", obj{"status": "won"}).status)
	require.Equal(t, http.StatusNotFound, b.simPost("/_sim/disputes", obj{"payment_intent": "pi_none"}).status)
}
