//go:build linux

package torture

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"os"
)

// trace is what the functions of one call have left in the journal.
type trace struct{ begun, ended, damaged uint8 }

// The journal's records, as ringwire_torture.py writes them.
const (
	recordSize = 16

	eventBegin   = 1
	eventEnd     = 2
	eventDamaged = 3
)

// readJournal returns the traces of n calls, whose ids count from 1, and how many
// records make no sense.
func readJournal(path string, n int) (traces []trace, nonsense int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	traces = make([]trace, n)
	r := bufio.NewReaderSize(f, 1<<20)
	for {
		var record [recordSize]byte
		switch _, err := io.ReadFull(r, record[:]); {
		case errors.Is(err, io.EOF):
			return traces, nonsense, nil
		case errors.Is(err, io.ErrUnexpectedEOF):
			return traces, nonsense + 1, nil
		case err != nil:
			return nil, 0, err
		}
		call := binary.LittleEndian.Uint64(record[:])
		if call == 0 || call > uint64(n) {
			nonsense++
			continue
		}
		t := &traces[call-1]
		switch binary.LittleEndian.Uint32(record[12:]) {
		case eventBegin:
			t.begun++
		case eventEnd:
			t.ended++
		case eventDamaged:
			t.damaged++
		default:
			nonsense++
		}
	}
}
