package vectors

import (
	"strings"
)

// generatorName stands in every file.
const generatorName = "ringwire vectors generate (format 1)"

const schemaPath = "../../spec/schema/vector.schema.json"

// cases collects what the case files add.
type cases struct {
	all []Vector
}

func (c *cases) add(v Vector, requirements, flags string) {
	v.Schema, v.Generator = schemaPath, generatorName
	v.Level = "must"
	v.Requirements = strings.Fields(requirements)
	v.Flags = strings.Fields(flags)
	if v.Flags == nil {
		v.Flags = []string{}
	}
	c.all = append(c.all, v)
}

// refusal is what an implementation must answer.
type refusal struct {
	code   string
	offset int
	field  string
}

func (r refusal) error() *Error {
	return &Error{Code: r.code, Category: categories[r.code], Offset: Number(r.offset), Field: r.field}
}

func operation(action string, response bool) string {
	if response {
		return action + "_response"
	}
	return action + "_request"
}

func prefix(operation string) string { return strings.ReplaceAll(operation, "_", "-") + "-" }

// opts are the members that few cases set.
type opts struct {
	flags string
	max   uint64 // 0: the default
}

func (o opts) limit() Number {
	if o.max == 0 {
		return defaultMax
	}
	return Number(o.max)
}

// decodes adds a message that a decoder must accept.
func (c *cases) decodes(id, comment string, f frame, requirements string, o opts) {
	in := Bytes(f.bytes())
	op := operation("decode", f.response)
	c.add(Vector{
		ID: prefix(op) + id, Comment: comment, Operation: op, Result: Valid, MaxMessage: o.limit(),
		Input: &in, Message: f.message(),
	}, requirements, o.flags)
}

// refuses adds bytes that a decoder must refuse.
func (c *cases) refuses(isResponse bool, id, comment string, in []byte, r refusal, requirements string, o opts) {
	b := Bytes(in)
	op := operation("decode", isResponse)
	c.add(Vector{
		ID: prefix(op) + id, Comment: comment, Operation: op, Result: Invalid, MaxMessage: o.limit(),
		Input: &b, Error: r.error(),
	}, requirements, o.flags)
}

// encodes adds fields that an encoder must turn into the bytes of f.
func (c *cases) encodes(id, comment string, f frame, requirements string, o opts) {
	out := Bytes(f.bytes())
	op := operation("encode", f.response)
	c.add(Vector{
		ID: prefix(op) + id, Comment: comment, Operation: op, Result: Valid, MaxMessage: o.limit(),
		Fields: f.fields(), Output: &out,
	}, requirements, o.flags)
}

// encodeRefuses adds fields that an encoder must refuse.
func (c *cases) encodeRefuses(id, comment string, f frame, r refusal, requirements string, o opts) {
	op := operation("encode", f.response)
	c.add(Vector{
		ID: prefix(op) + id, Comment: comment, Operation: op, Result: Invalid, MaxMessage: o.limit(),
		Fields: f.fields(), Error: r.error(),
	}, requirements, o.flags)
}

// All returns every vector, in the order of their ids.
func All() []Vector {
	var c cases
	c.decodeRequestValid()
	c.decodeRequestShape()
	c.decodeRequestContents()
	c.decodeRequestPrecedence()
	c.decodeResponseValid()
	c.decodeResponseShape()
	c.decodeResponseContents()
	c.decodeResponsePrecedence()
	c.encodeRequest()
	c.encodeResponse()
	c.streams()
	c.regions()
	c.rings()
	c.ringCorruption()
	c.sessions()
	sortByID(c.all)
	return c.all
}
