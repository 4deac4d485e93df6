package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// registry is what spec/registry says, as far as the Go side needs it.
type registry struct {
	Wire   wireRegistry
	Codes  codesRegistry
	Region regionRegistry
	Limits limitsRegistry
}

type wireRegistry struct {
	Types []struct {
		named
		Direction string
	}
	RequestHeader    header  `json:"request_header"`
	ResponseHeader   header  `json:"response_header"`
	Statuses         []named `json:"statuses"`
	PayloadEncodings []named `json:"payload_encodings"`
	EnvelopeHeader   header  `json:"envelope_header"`
	AttachmentHeader header  `json:"attachment_header"`
	AttachmentKinds  []named `json:"attachment_kinds"`
}

type header struct {
	Size   int
	Fields []field
	Parts  []string
}

type codesRegistry struct {
	Codes []code
}

type code struct {
	named
	Category string
	Scope    string
}

type regionRegistry struct {
	Magic        string
	VersionMajor int `json:"version_major"`
	VersionMinor int `json:"version_minor"`
	RegionHeader struct {
		Offset int
		Size   int
		Fields []field
	} `json:"region_header"`
	ControlBlock struct {
		RequestOffset  int `json:"request_offset"`
		ResponseOffset int `json:"response_offset"`
		Size           int
		Fields         []field
	} `json:"control_block"`
	WorkerBlock struct {
		Offset int
		Size   int
		Fields []field
	} `json:"worker_block"`
	Notice struct {
		Type   int
		Size   int
		Fields []field
	}
	Slot struct {
		HeaderSize int `json:"header_size"`
		Alignment  int
		Fields     []field
	}
	SlotsAlignment   int `json:"slots_alignment"`
	FirstSlotsOffset int `json:"first_slots_offset"`
	States           []named
	Transitions      [][2]string
	ExitCodes        []named `json:"exit_codes"`
}

type limitsRegistry struct {
	Limits []limit
}

type limit struct {
	Name   string
	Value  int64
	Unit   string
	Reason string
}

type named struct {
	Value   int
	Name    string
	Meaning string
}

type field struct {
	Offset  int
	Size    int
	Name    string
	Meaning string
	Signed  bool
}

// kind is the type of the field in the words of spec chapter 00.
func (f field) kind() string {
	switch {
	case f.Size > 8:
		return fmt.Sprintf("%d bytes", f.Size)
	case f.Signed:
		return fmt.Sprintf("i%d", 8*f.Size)
	default:
		return fmt.Sprintf("u%d", 8*f.Size)
	}
}

func loadRegistry(dir string) (*registry, error) {
	var reg registry
	for name, into := range map[string]any{
		"wire.json":   &reg.Wire,
		"codes.json":  &reg.Codes,
		"region.json": &reg.Region,
		"limits.json": &reg.Limits,
	} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text, into); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return &reg, reg.check()
}

// check refuses a registry whose fields overlap or leave their block, because
// the compiler could not see that in the constants.
func (r *registry) check() error {
	for _, block := range []struct {
		name   string
		size   int
		fields []field
	}{
		{"request_header", r.Wire.RequestHeader.Size, r.Wire.RequestHeader.Fields},
		{"response_header", r.Wire.ResponseHeader.Size, r.Wire.ResponseHeader.Fields},
		{"envelope_header", r.Wire.EnvelopeHeader.Size, r.Wire.EnvelopeHeader.Fields},
		{"attachment_header", r.Wire.AttachmentHeader.Size, r.Wire.AttachmentHeader.Fields},
		{"region_header", r.Region.RegionHeader.Size, r.Region.RegionHeader.Fields},
		{"control_block", r.Region.ControlBlock.Size, r.Region.ControlBlock.Fields},
		{"worker_block", r.Region.WorkerBlock.Size, r.Region.WorkerBlock.Fields},
		{"notice", r.Region.Notice.Size, r.Region.Notice.Fields},
		{"slot", r.Region.Slot.HeaderSize, r.Region.Slot.Fields},
	} {
		end := 0
		for _, f := range block.fields {
			if f.Size <= 0 || f.Offset < end || f.Offset+f.Size > block.size {
				return fmt.Errorf("field overlaps another or leaves its block: block=%s field=%s offset=%d size=%d", block.name, f.Name, f.Offset, f.Size)
			}
			end = f.Offset + f.Size
		}
		if end == 0 {
			return fmt.Errorf("block without fields: block=%s", block.name)
		}
	}
	return nil
}
