//go:build linux

package live

import (
	"github.com/ringwire/ringwire/ring"
)

var handshake = []scenario{
	{
		group: "handshake", name: "ready", run: handshakeReady,
		comment:      "READY comes after the worker's introduction and before the doorbell that announces it",
		requirements: "LIFE-002 LIFE-003 LIFE-004",
	},
}

func handshakeReady(t *trial) {
	l := t.launch(setup{})
	rung := false
	l.until(t.kit.config.StartPatience, func() bool {
		// The doorbell first: whoever hears it must find READY.
		if rung = l.wakeMaster.rung() > 0; rung {
			if s := l.look(); s != ring.StateReady {
				l.failf("LIFE-003", "the response doorbell was rung in state %s, before READY", s)
			}
		}
		return l.look() == ring.StateReady || l.gone()
	})
	l.ready()
	if !rung && !l.until(t.patience(), func() bool { return l.wakeMaster.rung() > 0 || l.gone() }) {
		l.failf("LIFE-003", "the response doorbell was not rung after READY, though need_wakeup does not matter there")
	}
	l.alive()
	l.shutdown()
}
