package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBenchChaos_AKillOfEachKindAtLeast(t *testing.T) {
	t.Parallel()
	s := &chaosSystem{servers: &chaosServers{}}
	require.Len(t, s.kills(), leastKills)
	command := benchChaosCommand{Kills: leastKills, Buyers: 1}
	require.NoError(t, command.Validate())
	command.Kills--
	require.ErrorContains(t, command.Validate(), "--kills")
}
