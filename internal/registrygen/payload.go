package main

// renderPayload writes what package payload needs: the layout of an envelope.
func renderPayload(reg *registry) ([]byte, error) {
	s := newSource("payload", "wire.json")
	s.linef("\nimport \"strconv\"")
	wire := &reg.Wire
	s.consts("Header sizes in bytes (spec chapter 06).", func() {
		s.linef("EnvelopeHeaderSize = %d", wire.EnvelopeHeader.Size)
		s.linef("AttachmentHeaderSize = %d", wire.AttachmentHeader.Size)
	})
	s.consts("Envelope header: offsets from the start of the payload.", func() {
		s.offsets("Envelope", wire.EnvelopeHeader.Fields)
	})
	s.consts("Attachment header: offsets from its start.", func() {
		s.offsets("Attachment", wire.AttachmentHeader.Fields)
	})
	s.linef("\n// Kind is what the data of an attachment is.\ntype Kind uint32")
	s.consts("Kinds of attachments.", func() {
		for _, k := range wire.AttachmentKinds {
			s.linef("Kind%s Kind = %d // %s", goName(k.Name), k.Value, k.Meaning)
		}
	})
	s.stringer("k", "Kind", "Kind", wire.AttachmentKinds)
	return s.format()
}
