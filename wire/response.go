package wire

import (
	"encoding/binary"
	"slices"
)

// Response is a frame from worker to master: the answer to one REQUEST.
type Response struct {
	ID           uint32 // echoed from the request, never 0
	Status       Status // 200 to 299 with Success, 400 to 599 without
	Success      bool
	Body         []byte // the encoded result, or details of the failure; opaque to this package
	ErrorMessage []byte // UTF-8; empty with Success
}

// ParseResponse decodes b, which must be exactly one frame from worker to
// master of at most maxMessage bytes. The parts of the result are views into b.
// The error is an *Error, and the result is then the zero value.
//
//spec:req WIRE-027
//spec:req WIRE-028
//spec:req WIRE-029
func ParseResponse(b []byte, maxMessage int) (Response, error) {
	var h responseHeader
	if err := h.read(b, maxMessage); err != nil {
		return Response{}, err
	}
	if uint64(len(b)) != h.total {
		return Response{}, h.checkExtent(len(b))
	}
	// The sum of the lengths is len(b) by now, so each fits an int.
	message := ResponseHeaderSize + int(h.bodyLen)
	r := Response{
		ID:           h.id,
		Status:       h.status,
		Success:      h.success == 1,
		Body:         b[ResponseHeaderSize:message:message],
		ErrorMessage: b[message:len(b):len(b)],
	}
	if err := r.checkContent(h.success); err != nil {
		return Response{}, err
	}
	return r, nil
}

// Size is the number of bytes of the frame.
func (r *Response) Size() int {
	return ResponseHeaderSize + len(r.Body) + len(r.ErrorMessage)
}

// Append appends the frame to dst. It refuses, with an *Error and without
// touching dst, what ParseResponse with the same maxMessage would refuse.
//
//spec:req WIRE-030
//spec:req WIRE-031
func (r *Response) Append(dst []byte, maxMessage int) ([]byte, error) {
	h, err := r.header(maxMessage)
	if err != nil {
		return dst, err
	}
	dst = h.append(slices.Grow(dst, r.Size()))
	dst = append(dst, r.Body...)
	return append(dst, r.ErrorMessage...), nil
}

// AppendHeader appends only the header, with all checks of Append. It is for
// callers who put the payload behind it themselves.
//
//spec:req WIRE-030
//spec:req WIRE-031
func (r *Response) AppendHeader(dst []byte, maxMessage int) ([]byte, error) {
	h, err := r.header(maxMessage)
	if err != nil {
		return dst, err
	}
	return h.append(dst), nil
}

// header makes all checks on the fields and is the header that they need.
func (r *Response) header(maxMessage int) (responseHeader, error) {
	h := responseHeader{
		typ:             TypeResponse,
		id:              r.ID,
		bodyLen:         uint64(len(r.Body)),
		status:          r.Status,
		errorMessageLen: uint64(len(r.ErrorMessage)),
	}
	if r.Success {
		h.success = 1
	}
	h.total = h.sum()
	if err := h.check(maxMessage); err != nil {
		return h, err
	}
	if err := r.checkContent(h.success); err != nil {
		return h, err
	}
	return h, nil
}

// checkContent makes the checks of the contents. It takes success as it stands
// in the header, where it may be neither 0 nor 1.
//
//spec:req WIRE-021
//spec:req WIRE-022
//spec:req WIRE-023
//spec:req WIRE-024
//spec:req WIRE-025
func (r *Response) checkContent(success uint8) *Error {
	switch {
	case r.ID == 0:
		return refuse(CodeReservedID, offResponseRequestID, FieldRequestID, 0, 0)
	case success > 1:
		return refuse(CodeBadSuccess, offResponseSuccess, FieldSuccess, uint64(success), 0)
	case success == 1 && (r.Status < statusSuccessMin || r.Status > statusSuccessMax),
		success == 0 && (r.Status < statusFailureMin || r.Status > statusFailureMax):
		return refuse(CodeStatusConflict, offResponseStatusCode, FieldStatusCode, uint64(r.Status), 0)
	case success == 1 && len(r.ErrorMessage) != 0:
		return refuse(CodeStatusConflict, offResponseErrorMessageLen, FieldErrorMessageLen, uint64(len(r.ErrorMessage)), 0)
	}
	return checkText(r.ErrorMessage, ResponseHeaderSize+len(r.Body), FieldErrorMessage)
}

// responseHeader is the header as numbers. The lengths are wider than on the
// wire, so that their sum cannot wrap and an encoder can hold one that is too
// large.
type responseHeader struct {
	typ             Type
	id              uint32
	total           uint64
	bodyLen         uint64
	status          Status
	errorMessageLen uint64
	success         uint8
}

// read reads the header that b starts with and makes the checks
// WIRE-001 to WIRE-006.
//
//spec:req WIRE-001
func (h *responseHeader) read(b []byte, maxMessage int) *Error {
	if len(b) < ResponseHeaderSize {
		return Responses.truncatedHeader(len(b))
	}
	*h = responseHeader{
		typ:             Type(b[offResponseType]),
		id:              binary.LittleEndian.Uint32(b[offResponseRequestID:]),
		total:           uint64(binary.LittleEndian.Uint32(b[offResponseTotalLength:])),
		bodyLen:         uint64(binary.LittleEndian.Uint32(b[offResponseBodyLen:])),
		status:          Status(binary.LittleEndian.Uint16(b[offResponseStatusCode:])),
		errorMessageLen: uint64(binary.LittleEndian.Uint32(b[offResponseErrorMessageLen:])),
		success:         b[offResponseSuccess],
	}
	return h.check(maxMessage)
}

//spec:req WIRE-004
func (h *responseHeader) sum() uint64 {
	return ResponseHeaderSize + h.bodyLen + h.errorMessageLen
}

// check makes the checks that need no payload.
//
//spec:req WIRE-003
//spec:req WIRE-005
//spec:req WIRE-006
func (h *responseHeader) check(maxMessage int) *Error {
	sum, limit := h.sum(), frameLimit(maxMessage)
	switch {
	case h.typ != TypeResponse:
		return refuse(CodeBadType, offResponseType, FieldType, uint64(h.typ), uint64(TypeResponse))
	case h.total != sum:
		return refuse(CodeLengthMismatch, offResponseTotalLength, FieldTotalLength, h.total, sum)
	case h.total > limit:
		return refuse(CodeTooLarge, offResponseTotalLength, FieldTotalLength, h.total, limit)
	}
	return nil
}

// checkExtent refuses n bytes that are not as many as the header says.
func (h *responseHeader) checkExtent(n int) *Error {
	if uint64(n) > h.total {
		return trailing(n, h.total)
	}
	return truncatedBody(n, h.total, ResponseHeaderSize,
		part{FieldBody, h.bodyLen},
		part{FieldErrorMessage, h.errorMessageLen})
}

func (h *responseHeader) append(dst []byte) []byte {
	var b [ResponseHeaderSize]byte
	b[offResponseType] = byte(h.typ)
	binary.LittleEndian.PutUint32(b[offResponseRequestID:], h.id)
	binary.LittleEndian.PutUint32(b[offResponseTotalLength:], uint32(h.total))
	binary.LittleEndian.PutUint32(b[offResponseBodyLen:], uint32(h.bodyLen))
	binary.LittleEndian.PutUint16(b[offResponseStatusCode:], uint16(h.status))
	binary.LittleEndian.PutUint32(b[offResponseErrorMessageLen:], uint32(h.errorMessageLen))
	b[offResponseSuccess] = h.success
	return append(dst, b[:]...)
}
