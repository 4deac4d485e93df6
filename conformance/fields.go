package conformance

import (
	"fmt"

	"github.com/ringwire/ringwire/wire"
)

// fieldAt names the header field that holds an offset, in the form " (field)";
// empty for the payload.
func fieldAt(response bool, offset int) string {
	direction := wire.Requests
	if response {
		direction = wire.Responses
	}
	for _, f := range direction.HeaderFields() {
		if offset >= f.Offset && offset < f.Offset+f.Size {
			return fmt.Sprintf(" (%s)", f.Name)
		}
	}
	return ""
}
