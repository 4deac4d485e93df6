meta:
  id: wire
  title: Ringwire message, version 1.0
  license: Apache-2.0
  endian: le
doc: |
  One message as spec chapter 01 defines it, for tools that draw bytes and take them apart.

  This file describes and does not decide. A parser generated from it finds the fields of every
  good message and refuses many bad ones, but it checks each field as it comes and not in the order
  of the chapter, it does not know max_message, nor that nothing may follow, and in some target
  languages the sums of lengths wrap. Names and the error message are UTF-8; they are given as
  bytes, because some targets replace what is not text.
doc-ref: 01-wire.md
instances:
  direction:
    pos: 0
    type: u1
    doc: The type, which tells the two headers apart where the direction is not known.
seq:
  - id: message
    type:
      switch-on: direction
      cases:
        2: response
        _: request
types:
  request:
    doc: What a master sends.
    seq:
      - id: type
        type: u1
        enum: message_type
        valid:
          any-of: [message_type::request, message_type::shutdown, message_type::cancel]
      - id: request_id
        type: u4
        doc: Correlation id; 0 in SHUTDOWN and only there.
        valid:
          expr: (_ == 0) == (type == message_type::shutdown)
      - id: total_length
        type: u4
        doc: Header plus payload.
      - id: module_name_len
        type: u4
        doc: Not 0 in a REQUEST, 0 in SHUTDOWN and CANCEL.
        valid:
          expr: _ <= 1024 and (_ != 0) == (type == message_type::request)
      - id: function_name_len
        type: u4
        doc: Not 0 in a REQUEST, 0 in SHUTDOWN and CANCEL.
        valid:
          expr: _ <= 1024 and (_ != 0) == (type == message_type::request)
      - id: kwargs_len
        type: u4
        doc: 0 in SHUTDOWN and CANCEL. total_length is the sum of all.
        valid:
          expr: total_length == 21 + module_name_len + function_name_len + _ and (_ == 0 or type == message_type::request)
      - id: module_name
        size: module_name_len
        doc: UTF-8 without zero bytes.
      - id: function_name
        size: function_name_len
        doc: UTF-8 without zero bytes.
      - id: kwargs
        size: kwargs_len
        doc: The encoded arguments.
  response:
    doc: What a worker sends. Note the order of body_len, status_code and error_message_len.
    seq:
      - id: type
        type: u1
        enum: message_type
        valid: message_type::response
      - id: request_id
        type: u4
        doc: Echoed from the request; not 0.
        valid:
          min: 1
      - id: total_length
        type: u4
        doc: Header plus payload.
      - id: body_len
        type: u4
      - id: status_code
        type: u2
        doc: 200 to 299 if success is 1, 400 to 599 if it is 0.
      - id: error_message_len
        type: u4
        doc: 0 if success is 1. total_length is the sum of all.
        valid:
          expr: total_length == 20 + body_len + _
      - id: success
        type: u1
        doc: 0 or 1.
        valid:
          expr: >-
            _ == 1 ? status_code >= 200 and status_code <= 299 and error_message_len == 0
            : _ == 0 and status_code >= 400 and status_code <= 599
      - id: body
        size: body_len
        doc: The encoded result.
      - id: error_message
        size: error_message_len
        doc: UTF-8.
enums:
  message_type:
    1: request
    2: response
    3: shutdown
    4: cancel
