//! A Ringwire codec for the WebAssembly interface 1.0 (spec chapter 08): the profiles `decode`,
//! `encode` and `stream`.
//!
//! This file is the interface; the codec behind it, in `request`, `response` and `stream`, is safe
//! code that knows no addresses.
#![no_std]

mod memory;
mod parts;
mod record;
mod refusal;
mod request;
mod response;
mod stream;

use core::cell::UnsafeCell;

use memory::Arena;
use record::{room, Direction, Fields};
use refusal::{fail, Code, Refusal, Result};
use request::Request;
use response::Response;
use stream::Stream;

const INFO: &[u8] = br#"{"name":"ringwire-rust-codec","version":"1.0.0","language":"Rust","profiles":["decode","encode","stream"],"max_message":"67108864"}"#;
const MAX_MESSAGE_DEFAULT: u32 = 67_108_864;

/// What the module remembers between two calls.
struct State {
    arena: Arena,
    max_message: u32,
    last: (u32, u32), // offset and field of the last refusal
    stream: Option<Stream>,
}

struct Global(UnsafeCell<State>);

// SAFETY: the module has one thread.
unsafe impl Sync for Global {}

static GLOBAL: Global = Global(UnsafeCell::new(State {
    arena: Arena::new(),
    max_message: MAX_MESSAGE_DEFAULT,
    last: (0, 0),
    stream: None,
}));

/// Runs an operation, and turns its outcome into the result of an export.
fn run(operation: impl FnOnce(&mut State) -> Result<usize>) -> i32 {
    // SAFETY: no export calls another one, so this is the only reference.
    let state = unsafe { &mut *GLOBAL.0.get() };
    match operation(state) {
        Ok(size) => size as i32,
        Err(Refusal { code, offset, field }) => {
            state.last = (offset as u32, field as u32);
            -(code as i32)
        }
    }
}

/// The bytes that the host lends for the time of a call.
///
/// # Safety
/// They must lie inside the memory, and nothing may write them meanwhile.
unsafe fn lent<'a>(address: usize, size: usize) -> &'a [u8] {
    if size == 0 {
        return &[];
    }
    core::slice::from_raw_parts(core::ptr::with_exposed_provenance(address), size)
}

/// The bytes that the host wants written.
///
/// # Safety
/// They must lie inside the memory, and nothing else may use them meanwhile.
unsafe fn lent_to_write<'a>(address: usize, size: usize) -> &'a mut [u8] {
    if size == 0 {
        return &mut [];
    }
    core::slice::from_raw_parts_mut(core::ptr::with_exposed_provenance_mut(address), size)
}

#[no_mangle]
pub extern "C" fn rw_abi_version() -> i32 {
    1 << 16
}

/// # Safety
/// See spec chapter 08, as for all exports that get addresses.
#[no_mangle]
pub unsafe extern "C" fn rw_info(out: usize, cap: usize) -> i32 {
    run(|_| {
        room(lent_to_write(out, cap), INFO.len())?.copy_from_slice(INFO);
        Ok(INFO.len())
    })
}

#[no_mangle]
pub extern "C" fn rw_alloc(size: usize) -> usize {
    let mut block = 0;
    run(|state| {
        block = state.arena.allocate(size);
        Ok(0)
    });
    block
}

#[no_mangle]
pub extern "C" fn rw_reset() {
    run(|state| {
        state.arena.reset();
        state.stream = None;
        state.last = (0, 0);
        Ok(0)
    });
}

/// # Safety
/// As for `rw_info`.
#[no_mangle]
pub unsafe extern "C" fn rw_error(out: usize, cap: usize) -> i32 {
    // Not by way of run: an output that is too small must not replace what is asked for.
    let state = &*GLOBAL.0.get();
    let Ok(out) = room(lent_to_write(out, cap), 8) else {
        return -(Code::BufferTooSmall as i32);
    };
    out[..4].copy_from_slice(&state.last.0.to_le_bytes());
    out[4..].copy_from_slice(&state.last.1.to_le_bytes());
    8
}

#[no_mangle]
pub extern "C" fn rw_set_max_message(max_message: u32) -> i32 {
    run(|state| {
        state.max_message = max_message;
        Ok(0)
    })
}

/// # Safety
/// As for `rw_info`.
#[no_mangle]
pub unsafe extern "C" fn rw_decode_request(
    address: usize,
    size: usize,
    rec: usize,
    cap: usize,
) -> i32 {
    run(|state| {
        let request = Request::decode(lent(address, size), state.max_message)?;
        request.record().write(lent_to_write(rec, cap))
    })
}

/// # Safety
/// As for `rw_info`.
#[no_mangle]
pub unsafe extern "C" fn rw_decode_response(
    address: usize,
    size: usize,
    rec: usize,
    cap: usize,
) -> i32 {
    run(|state| {
        let response = Response::decode(lent(address, size), state.max_message)?;
        response.record().write(lent_to_write(rec, cap))
    })
}

/// # Safety
/// As for `rw_info`.
#[no_mangle]
pub unsafe extern "C" fn rw_encode_request(rec: usize, size: usize, out: usize, cap: usize) -> i32 {
    run(|state| {
        let fields = Fields::new(lent(rec, size))?;
        let request = Request {
            kind: fields.narrow(0)?,
            id: fields.number(1),
            parts: [fields.part(3)?, fields.part(5)?, fields.part(7)?],
        };
        let total = request.check(state.max_message)?;
        request.encode(room(lent_to_write(out, cap), total)?);
        Ok(total)
    })
}

/// # Safety
/// As for `rw_info`.
#[no_mangle]
pub unsafe extern "C" fn rw_encode_response(
    rec: usize,
    size: usize,
    out: usize,
    cap: usize,
) -> i32 {
    run(|state| {
        let fields = Fields::new(lent(rec, size))?;
        let response = Response {
            kind: fields.narrow(0)?,
            id: fields.number(1),
            body: fields.part(3)?,
            message: fields.part(5)?,
            status: fields.narrow(7)?,
            success: fields.narrow(8)?,
        };
        let total = response.check(state.max_message)?;
        response.encode(room(lent_to_write(out, cap), total)?);
        Ok(total)
    })
}

#[no_mangle]
pub extern "C" fn rw_stream_open(direction: u32) -> i32 {
    run(|state| {
        state.stream = Some(Stream::new(match direction {
            1 => Direction::Requests,
            2 => Direction::Responses,
            _ => return fail(Code::BadArgument),
        }));
        Ok(0)
    })
}

/// # Safety
/// As for `rw_info`.
#[no_mangle]
pub unsafe extern "C" fn rw_stream_push(address: usize, size: usize) -> i32 {
    run(|state| {
        let Some(stream) = &mut state.stream else { return fail(Code::BadArgument) };
        stream.push(lent(address, size), &mut state.arena)?;
        Ok(size)
    })
}

/// # Safety
/// As for `rw_info`.
#[no_mangle]
pub unsafe extern "C" fn rw_stream_next(rec: usize, cap: usize, out: usize, out_cap: usize) -> i32 {
    run(|state| {
        let Some(stream) = &mut state.stream else { return fail(Code::BadArgument) };
        let Some((record, size)) = stream.next(state.max_message)? else { return Ok(0) };
        let out = room(lent_to_write(out, out_cap), size)?;
        record.write(lent_to_write(rec, cap))?;
        out.copy_from_slice(&stream.bytes()[..size]);
        stream.take(size);
        Ok(size)
    })
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}
