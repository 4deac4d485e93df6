package main

import (
	"slices"
	"strings"
)

// renderWire writes what package wire needs: types, headers, statuses, codes
// with their categories, limits.
func renderWire(reg *registry) ([]byte, error) {
	s := newSource("wire", "wire.json", "codes.json", "limits.json")
	wire := &reg.Wire
	s.linef("\nimport \"strconv\"")

	s.linef("\n// Type is the first byte of a frame (spec chapter 01).\ntype Type uint8")
	s.consts("Frame types.", func() {
		for _, t := range wire.Types {
			s.linef("Type%s Type = %d // %s header", goName(t.Name), t.Value, t.Direction)
		}
	})
	types := make([]named, len(wire.Types))
	for i, t := range wire.Types {
		types[i] = t.named
	}
	s.stringer("t", "Type", "Type", types)

	s.consts("Header sizes in bytes.", func() {
		s.linef("RequestHeaderSize = %d", wire.RequestHeader.Size)
		s.linef("ResponseHeaderSize = %d", wire.ResponseHeader.Size)
	})
	s.consts("Request header: offsets from the start of the frame.", func() {
		s.offsets("Request", wire.RequestHeader.Fields)
	})
	s.consts("Response header: offsets from the start of the frame.", func() {
		s.offsets("Response", wire.ResponseHeader.Fields)
	})
	renderFields(s, wire)
	s.headerFields("request", wire.RequestHeader.Fields)
	s.headerFields("response", wire.ResponseHeader.Fields)

	s.linef("\n// Status is the status code of a response (spec chapter 06).\ntype Status uint16")
	s.consts("Status codes. Others from 200 to 299 and from 400 to 599 are legal on the wire.", func() {
		for _, status := range wire.Statuses {
			s.linef("Status%s Status = %d // %s", goName(status.Name), status.Value, status.Meaning)
		}
	})
	s.stringer("s", "Status", "Status", wire.Statuses)

	codes := reg.codes("wire")
	s.linef("\n// Code says why a frame is refused. Its number is the one of the registry.\ntype Code uint8")
	s.consts("Codes (spec chapter 01).", func() {
		for _, c := range codes {
			s.linef("Code%s Code = %d // %s", goName(c.Name), c.Value, c.Meaning)
		}
	})
	s.stringer("c", "Code", "Code", namesOf(codes))
	renderCategories(s, codes)

	s.consts("Limits and defaults (spec chapter 07).", func() {
		s.limits(reg, func(name string) bool {
			return slices.Contains([]string{"name_max", "max_message_default", "max_message_min", "max_message_max"}, name)
		})
	})
	return s.format()
}

// renderFields writes the names of header fields and payload parts, each once.
func renderFields(s *source, wire *wireRegistry) {
	var names []string
	for _, h := range []header{wire.RequestHeader, wire.ResponseHeader} {
		for _, f := range h.Fields {
			names = append(names, f.Name)
		}
		names = append(names, h.Parts...)
	}
	s.linef("\n// Field names a header field or a part of the payload, as the specification does.\ntype Field string")
	s.consts("Fields.", func() {
		for i, name := range names {
			if slices.Index(names, name) == i {
				s.linef("Field%s Field = %q", goName(name), name)
			}
		}
		s.linef("FieldTrailing Field = %q // the bytes after a message", "trailing")
	})
}

func (s *source) headerFields(direction string, fields []field) {
	doc := direction + "HeaderFields are the fields of a " + direction + " header, in order and without gaps."
	s.block(doc, "var "+direction+"HeaderFields = [...]HeaderField{", "}", func() {
		for _, f := range fields {
			s.linef("{Field%s, %d, %d},", goName(f.Name), f.Offset, f.Size)
		}
	})
}

func renderCategories(s *source, codes []code) {
	var categories []string
	for _, c := range codes {
		if !slices.Contains(categories, c.Category) {
			categories = append(categories, c.Category)
		}
	}
	s.linef("\n// Category is the kind of a refusal.\ntype Category string")
	s.consts("Categories.", func() {
		for _, category := range categories {
			s.linef("Category%s Category = %q", categoryName(category), category)
		}
	})
	s.linef("\n// Category is the category that the registry gives to the code, or empty for a number that is no code.")
	s.linef("func (c Code) Category() Category {\nswitch c {")
	for _, category := range categories {
		var members []string
		for _, c := range codes {
			if c.Category == category {
				members = append(members, "Code"+goName(c.Name))
			}
		}
		s.linef("case %s:\nreturn Category%s", strings.Join(members, ", "), categoryName(category))
	}
	s.linef("}\nreturn \"\"\n}")
}

func categoryName(category string) string {
	return goName(strings.ReplaceAll(category, "-", "_"))
}
