package wire

import (
	"encoding/binary"
	"slices"
)

// Request is a frame from master to worker. A REQUEST calls a function; the
// other types of this direction, SHUTDOWN and CANCEL, have the same header and
// no payload.
type Request struct {
	Type     Type
	ID       uint32 // the call; 0 in SHUTDOWN and only there
	Module   []byte // UTF-8, 1 to NameMax bytes, no zero byte
	Function []byte // likewise
	Kwargs   []byte // the encoded arguments, opaque to this package

	// More is for arguments that do not lie in one piece: how many bytes of them
	// follow Kwargs. Append and AppendHeader count them, and their caller puts them
	// there. It is not negative, and 0 after a parse.
	More int
}

// ParseRequest decodes b, which must be exactly one frame from master to worker
// of at most maxMessage bytes. The parts of the result are views into b. The
// error is an *Error, and the result is then the zero value.
//
//spec:req WIRE-027
//spec:req WIRE-028
//spec:req WIRE-029
func ParseRequest(b []byte, maxMessage int) (Request, error) {
	var h requestHeader
	if err := h.read(b, maxMessage); err != nil {
		return Request{}, err
	}
	if uint64(len(b)) != h.total {
		return Request{}, h.checkExtent(len(b))
	}
	// The sum of the lengths is len(b) by now, so each fits an int.
	function := RequestHeaderSize + int(h.moduleLen)
	kwargs := function + int(h.functionLen)
	r := Request{
		Type:     h.typ,
		ID:       h.id,
		Module:   b[RequestHeaderSize:function:function],
		Function: b[function:kwargs:kwargs],
		Kwargs:   b[kwargs:len(b):len(b)],
	}
	if err := r.checkContent(); err != nil {
		return Request{}, err
	}
	return r, nil
}

// Size is the number of bytes of the frame.
func (r *Request) Size() int {
	return RequestHeaderSize + len(r.Module) + len(r.Function) + len(r.Kwargs) + r.More
}

// Append appends the frame to dst, but for the bytes that More counts. It
// refuses, with an *Error and without touching dst, what ParseRequest with the
// same maxMessage would refuse.
//
//spec:req WIRE-030
//spec:req WIRE-031
func (r *Request) Append(dst []byte, maxMessage int) ([]byte, error) {
	h, err := r.header(maxMessage)
	if err != nil {
		return dst, err
	}
	dst = h.append(slices.Grow(dst, r.Size()))
	dst = append(dst, r.Module...)
	dst = append(dst, r.Function...)
	return append(dst, r.Kwargs...), nil
}

// AppendHeader appends only the header, with all checks of Append. It is for
// callers who put the payload behind it themselves, such as one that encodes
// the arguments where they will be sent from.
//
//spec:req WIRE-030
//spec:req WIRE-031
func (r *Request) AppendHeader(dst []byte, maxMessage int) ([]byte, error) {
	h, err := r.header(maxMessage)
	if err != nil {
		return dst, err
	}
	return h.append(dst), nil
}

// header makes all checks on the fields and is the header that they need.
func (r *Request) header(maxMessage int) (requestHeader, error) {
	h := requestHeader{
		typ:         r.Type,
		id:          r.ID,
		moduleLen:   uint64(len(r.Module)),
		functionLen: uint64(len(r.Function)),
		kwargsLen:   uint64(len(r.Kwargs)) + uint64(r.More),
	}
	h.total = h.sum()
	if err := h.check(maxMessage); err != nil {
		return h, err
	}
	if err := r.checkContent(); err != nil {
		return h, err
	}
	return h, nil
}

// checkContent makes the checks of the contents, WIRE-011 to WIRE-020.
func (r *Request) checkContent() *Error {
	switch r.Type {
	case TypeShutdown:
		return r.checkShutdown()
	case TypeCancel:
		return r.checkCancel()
	default:
		return r.checkCall()
	}
}

// checkCall checks the contents of a REQUEST.
//
//spec:req WIRE-011
//spec:req WIRE-012
//spec:req WIRE-013
func (r *Request) checkCall() *Error {
	switch {
	case r.ID == 0:
		return refuse(CodeReservedID, offRequestRequestID, FieldRequestID, 0, 0)
	case len(r.Module) == 0:
		return refuse(CodeEmptyName, offRequestModuleNameLen, FieldModuleNameLen, 0, 0)
	case len(r.Function) == 0:
		return refuse(CodeEmptyName, offRequestFunctionNameLen, FieldFunctionNameLen, 0, 0)
	}
	if err := checkName(r.Module, RequestHeaderSize, FieldModuleName); err != nil {
		return err
	}
	return checkName(r.Function, RequestHeaderSize+len(r.Module), FieldFunctionName)
}

// requestHeader is the header as numbers. The lengths are wider than on the
// wire, so that their sum cannot wrap and an encoder can hold one that is too
// large.
type requestHeader struct {
	typ         Type
	id          uint32
	total       uint64
	moduleLen   uint64
	functionLen uint64
	kwargsLen   uint64
}

// read reads the header that b starts with and makes the checks
// WIRE-001 to WIRE-008.
//
//spec:req WIRE-001
func (h *requestHeader) read(b []byte, maxMessage int) *Error {
	if len(b) < RequestHeaderSize {
		return Requests.truncatedHeader(len(b))
	}
	*h = requestHeader{
		typ:         Type(b[offRequestType]),
		id:          binary.LittleEndian.Uint32(b[offRequestRequestID:]),
		total:       uint64(binary.LittleEndian.Uint32(b[offRequestTotalLength:])),
		moduleLen:   uint64(binary.LittleEndian.Uint32(b[offRequestModuleNameLen:])),
		functionLen: uint64(binary.LittleEndian.Uint32(b[offRequestFunctionNameLen:])),
		kwargsLen:   uint64(binary.LittleEndian.Uint32(b[offRequestKwargsLen:])),
	}
	return h.check(maxMessage)
}

//spec:req WIRE-004
func (h *requestHeader) sum() uint64 {
	return RequestHeaderSize + h.moduleLen + h.functionLen + h.kwargsLen
}

// check makes the checks that need no payload.
//
//spec:req WIRE-002
//spec:req WIRE-005
//spec:req WIRE-006
//spec:req WIRE-007
//spec:req WIRE-008
func (h *requestHeader) check(maxMessage int) *Error {
	sum, limit := h.sum(), frameLimit(maxMessage)
	switch {
	case h.typ != TypeRequest && h.typ != TypeShutdown && h.typ != TypeCancel:
		return refuse(CodeBadType, offRequestType, FieldType, uint64(h.typ), 0)
	case h.total != sum:
		return refuse(CodeLengthMismatch, offRequestTotalLength, FieldTotalLength, h.total, sum)
	case h.total > limit:
		return refuse(CodeTooLarge, offRequestTotalLength, FieldTotalLength, h.total, limit)
	case h.moduleLen > NameMax:
		return refuse(CodeNameTooLong, offRequestModuleNameLen, FieldModuleNameLen, h.moduleLen, NameMax)
	case h.functionLen > NameMax:
		return refuse(CodeNameTooLong, offRequestFunctionNameLen, FieldFunctionNameLen, h.functionLen, NameMax)
	}
	return nil
}

// checkExtent refuses n bytes that are not as many as the header says.
func (h *requestHeader) checkExtent(n int) *Error {
	if uint64(n) > h.total {
		return trailing(n, h.total)
	}
	return truncatedBody(n, h.total, RequestHeaderSize,
		part{FieldModuleName, h.moduleLen},
		part{FieldFunctionName, h.functionLen},
		part{FieldKwargs, h.kwargsLen})
}

func (h *requestHeader) append(dst []byte) []byte {
	var b [RequestHeaderSize]byte
	b[offRequestType] = byte(h.typ)
	binary.LittleEndian.PutUint32(b[offRequestRequestID:], h.id)
	binary.LittleEndian.PutUint32(b[offRequestTotalLength:], uint32(h.total))
	binary.LittleEndian.PutUint32(b[offRequestModuleNameLen:], uint32(h.moduleLen))
	binary.LittleEndian.PutUint32(b[offRequestFunctionNameLen:], uint32(h.functionLen))
	binary.LittleEndian.PutUint32(b[offRequestKwargsLen:], uint32(h.kwargsLen))
	return append(dst, b[:]...)
}
