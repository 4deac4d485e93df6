#include "native.h"

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

/* Chapters 01 and 03. */
#define TYPE_REQUEST 1
#define TYPE_RESPONSE 2
#define SLOT_HEADER 8
#define REQUEST_HEADER 21
#define RESPONSE_HEADER 20
#define STATUS_OK 200

/* What serve comes back with. */
enum { REACHED = 0, OTHER = 1, TURN_OVER = 2 };

static PyObject *no_arguments;
static PyObject *name_accepted, *name_answer_result, *name_cache, *name_cancels, *name_function,
    *name_in_flight, *name_is_async, *name_module_len, *name_raised, *name_ring,
    *name_running_handler, *name_running_id, *name_start_task, *name_stopping,
    *name_urgent_seen, *name_withdrawn;

int intern_names(void) {
    static const struct {
        PyObject **name;
        const char *text;
    } names[] = {
        {&name_accepted, "accepted"},
        {&name_answer_result, "_answer_result"},
        {&name_cache, "cache"},
        {&name_cancels, "_cancels"},
        {&name_function, "function"},
        {&name_in_flight, "_in_flight"},
        {&name_is_async, "is_async"},
        {&name_module_len, "module_len"},
        {&name_raised, "_answer_raised"},
        {&name_ring, "_ring_doorbell"},
        {&name_running_handler, "_handler"},
        {&name_running_id, "_running_id"},
        {&name_start_task, "_start_task"},
        {&name_stopping, "stopping"},
        {&name_urgent_seen, "_urgent_seen"},
        {&name_withdrawn, "_withdrawn"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if ((*names[i].name = PyUnicode_InternFromString(names[i].text)) == NULL)
            return -1;
    no_arguments = PyTuple_New(0);
    return no_arguments == NULL ? -1 : 0;
}

typedef struct {
    PyObject_HEAD
    Py_buffer memory;   /* obj is NULL when closed */
    uint8_t *base;
    Cursor *consumer, *producer;
    uint64_t mask, slot_count, stride;
    uint64_t longest; /* bytes of a message that fits one slot */
    uint64_t requests, responses;           /* offsets of the slots */
    uint64_t read_position, urgent_count;   /* offsets in the request ring's control block */
    uint64_t write_position, need_wakeup;   /* offsets in the response ring's control block */
    uint64_t calls;                         /* offset of current_call and in_flight */
    Codec codec;
} Lane;

static _Atomic uint64_t *word64(Lane *self, uint64_t offset) {
    return (_Atomic uint64_t *)(self->base + offset);
}

static _Atomic uint32_t *word32(Lane *self, uint64_t offset) {
    return (_Atomic uint32_t *)(self->base + offset);
}

static uint32_t u32(const uint8_t *at) {
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void put32(uint8_t *at, uint32_t value) {
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

static void lane_forget(Lane *self) {
    if (self->memory.obj != NULL)
        PyBuffer_Release(&self->memory);
    self->base = NULL;
}

static void lane_dealloc(Lane *self) {
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    lane_forget(self);
    Py_XDECREF((PyObject *)self->consumer);
    Py_XDECREF((PyObject *)self->producer);
    Py_XDECREF(self->codec.decode);
    Py_XDECREF(self->codec.encode);
    Py_XDECREF(self->codec.options);
    PyObject_Free(self);
    Py_DECREF(type);
}

static PyObject *lane_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {
        "memory",         "consumer",    "producer", "slot_count", "slot_size",
        "slot_stride",    "max_message", "requests", "responses",  "read_position",
        "urgent_count",   "write_position", "need_wakeup", "calls", "decode",
        "encode",         "options",     "long_text", NULL};
    PyObject *memory;
    unsigned long long slot_size, max_message;
    Lane *self = (Lane *)PyType_GenericAlloc(type, 0);
    if (self == NULL)
        return NULL;
    unsigned long long n[9];
    PyObject *consumer, *producer, *decode, *encode, *options;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO!O!KKKKKKKKKKKOOOn", names, &memory,
                                     cursor_type, &consumer, cursor_type, &producer, &n[0],
                                     &slot_size, &n[1], &max_message, &n[2], &n[3], &n[4], &n[5],
                                     &n[6], &n[7], &n[8], &decode, &encode, &options,
                                     &self->codec.long_text)) {
        Py_DECREF(self);
        return NULL;
    }
    self->slot_count = n[0];
    self->stride = n[1];
    self->requests = n[2];
    self->responses = n[3];
    self->read_position = n[4];
    self->urgent_count = n[5];
    self->write_position = n[6];
    self->need_wakeup = n[7];
    self->calls = n[8];
    self->mask = self->slot_count - 1;
    self->longest = slot_size < max_message ? slot_size : max_message;
    if (take_memory(memory, &self->memory, 0, 0, 8) < 0) {
        Py_DECREF(self);
        return NULL;
    }
    /* No sum below can wrap: each number is checked to be small before it is used. */
    uint64_t size = (uint64_t)self->memory.len;
    int fits = self->slot_count > 0 && (self->slot_count & self->mask) == 0 &&
               self->stride > SLOT_HEADER && slot_size <= self->stride - SLOT_HEADER &&
               self->stride <= size && self->slot_count <= size / self->stride;
    for (int i = 2; i < 4; i++)
        fits = fits && n[i] <= size - self->slot_count * self->stride && n[i] % 8 == 0;
    for (int i = 4; i < 9; i++)
        fits = fits && size >= 8 && n[i] <= size - 8 && n[i] % (i == 5 || i == 7 ? 4 : 8) == 0;
    if (!fits) {
        PyErr_SetString(PyExc_ValueError, "the layout does not fit the memory");
        Py_DECREF(self);
        return NULL;
    }
    self->base = self->memory.buf;
    self->consumer = (Cursor *)Py_NewRef(consumer);
    self->producer = (Cursor *)Py_NewRef(producer);
    self->codec.decode = Py_NewRef(decode);
    self->codec.encode = Py_NewRef(encode);
    self->codec.options = Py_NewRef(options);
    return (PyObject *)self;
}

/* close(): in a forked child the lane is not ours any more. */
static PyObject *lane_close(Lane *self, PyObject *Py_UNUSED(ignored)) {
    lane_forget(self);
    Py_RETURN_NONE;
}

/* ---------------------------------------------------------------- responses */

/* Write and publish a successful response. 1: done, and the master sleeps; 0: done; -1: the engine
 * must do it, because it does not fit one slot that is known to be free. */
static int push(Lane *self, uint32_t request_id, const char *body, Py_ssize_t size) {
    uint64_t total = RESPONSE_HEADER + (uint64_t)size;
    Cursor *producer = self->producer;
    if (self->base == NULL || (uint64_t)size > self->longest || total > self->longest ||
        producer->position - producer->read_position >= self->slot_count)
        return -1;
    uint8_t *slot = self->base + self->responses + (producer->position & self->mask) * self->stride;
    uint8_t *header = slot + SLOT_HEADER;
    put32(slot, (uint32_t)total);
    put32(slot + 4, 0);
    header[0] = TYPE_RESPONSE;
    put32(header + 1, request_id);
    put32(header + 5, (uint32_t)total);
    put32(header + 9, (uint32_t)size);
    header[13] = STATUS_OK;
    header[14] = 0;
    put32(header + 15, 0);
    header[19] = 1;
    memcpy(header + RESPONSE_HEADER, body, (size_t)size);
    producer->position++;
    /* Pairs with the master's acquire load. */
    atomic_store_explicit(word64(self, self->write_position), producer->position,
                          memory_order_release);
    /* BELL-002: no load passes the store. */
    atomic_thread_fence(memory_order_seq_cst);
    return atomic_load_explicit(word32(self, self->need_wakeup), memory_order_relaxed) != 0;
}

/* push(request_id, body): True when the doorbell must be rung, False when not, None when the
 * caller must send the response itself. For whoever holds the responder's lock. */
static PyObject *lane_push(Lane *self, PyObject *args) {
    unsigned long request_id;
    const char *body;
    Py_ssize_t size;
    if (!PyArg_ParseTuple(args, "ky#", &request_id, &body, &size))
        return NULL;
    int outcome = push(self, (uint32_t)request_id, body, size);
    if (outcome < 0)
        Py_RETURN_NONE;
    return PyBool_FromLong(outcome);
}

/* ---------------------------------------------------------------- serve */

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* An attribute that is a number, or -1 with an exception. */
static long long number_of(PyObject *object, PyObject *name) {
    PyObject *value = PyObject_GetAttr(object, name);
    if (value == NULL)
        return -1;
    long long number = PyLong_AsLongLong(value);
    Py_DECREF(value);
    return number;
}

/* Drop the result of a call of the engine; -1 if it raised. */
static int done(PyObject *result) {
    if (result == NULL)
        return -1;
    Py_DECREF(result);
    return 0;
}

/* Run a function that is not async, and answer the call. */
static int run(Lane *self, PyObject *engine, uint32_t request_id, PyObject *id, PyObject *handler,
               PyObject *function, PyObject *kwargs) {
    if (PyObject_SetAttr(engine, name_running_id, id) < 0 ||
        PyObject_SetAttr(engine, name_running_handler, handler) < 0)
        return -1;
    atomic_store_explicit(word64(self, self->calls), request_id | (uint64_t)1 << 32,
                          memory_order_relaxed);
    PyObject *result = PyObject_Call(function, no_arguments, kwargs);
    if (result == NULL) {
        PyObject *type, *error, *trace;
        PyErr_Fetch(&type, &error, &trace);
        PyErr_NormalizeException(&type, &error, &trace);
        if (trace != NULL)
            PyException_SetTraceback(error, trace);
        int outcome = done(PyObject_CallMethodObjArgs(engine, name_raised, id, handler,
                                                      kwargs, error, NULL));
        Py_XDECREF(type);
        Py_XDECREF(error);
        Py_XDECREF(trace);
        return outcome;
    }
    PyObject *body = encode_result(&self->codec, result);
    int outcome = body == NULL ? -1
                               : push(self, request_id, PyBytes_AsString(body), PyBytes_Size(body));
    if (outcome < 0)
        outcome = done(
            PyObject_CallMethodObjArgs(engine, name_answer_result, id, handler, result, NULL));
    else if (outcome > 0)
        outcome = done(PyObject_CallMethodObjArgs(engine, name_ring, NULL));
    Py_XDECREF(body);
    Py_DECREF(result);
    return outcome;
}

/* Take the request whose arguments were decoded and bound, and start it. */
static int take(Lane *self, PyObject *engine, PyObject *cancels, uint32_t request_id,
                PyObject *handler, int is_async, PyObject *kwargs) {
    self->consumer->position++;
    /* Pairs with the master's load: the request counts as started from here. */
    atomic_store_explicit(word64(self, self->read_position), self->consumer->position,
                          memory_order_release);
    PyObject *id = PyLong_FromUnsignedLong(request_id);
    if (id == NULL)
        return -1;
    int outcome = -1, withdrawn = 0;
    long long seen = number_of(engine, name_urgent_seen);
    if (seen < 0)
        goto end;
    /* LIFE-030: after the request is taken, and before its code runs. */
    if (atomic_load_explicit(word32(self, self->urgent_count), memory_order_acquire) !=
            (uint32_t)seen || PyDict_Size(cancels) > 0) {
        PyObject *answered = PyObject_CallMethodObjArgs(engine, name_withdrawn, id, NULL);
        if (answered == NULL)
            goto end;
        withdrawn = answered == Py_True;
        Py_DECREF(answered);
    }
    if (withdrawn) {
        outcome = 0;
        goto end;
    }
    PyObject *function = PyObject_GetAttr(handler, name_function);
    if (function == NULL)
        goto end;
    if (is_async) {
        outcome =
            done(PyObject_CallMethodObjArgs(engine, name_start_task, id, handler, kwargs, NULL));
    } else {
        outcome = run(self, engine, request_id, id, handler, function, kwargs);
    }
    Py_DECREF(function);
end:
    Py_DECREF(id);
    return outcome;
}

/* Handle the request at the consumer's position. 1: done; 0: it is for the engine; -1: error. */
static int serve_one(Lane *self, PyObject *engine, PyObject *cache, PyObject *cancels,
                     int only_async) {
    const uint8_t *slot =
        self->base + self->requests + (self->consumer->position & self->mask) * self->stride;
    uint8_t header[SLOT_HEADER + REQUEST_HEADER];
    memcpy(header, slot, sizeof header);
    atomic_signal_fence(memory_order_seq_cst); /* the copy is made once */
    const uint8_t *request = header + SLOT_HEADER;
    uint32_t length = u32(header), total = u32(request + 5), request_id = u32(request + 1);
    uint64_t module_len = u32(request + 9), names_len = module_len + u32(request + 13);
    uint64_t kwargs_len = u32(request + 17);
    if (request[0] != TYPE_REQUEST || u32(header + 4) != 0 || request_id == 0 || total != length ||
        total > self->longest || REQUEST_HEADER + names_len + kwargs_len != total)
        return 0;
    const char *names = (const char *)slot + SLOT_HEADER + REQUEST_HEADER;
    PyObject *key = PyBytes_FromStringAndSize(names, (Py_ssize_t)names_len);
    if (key == NULL)
        return -1;
    /* Valid names: these very bytes were parsed before. */
    PyObject *handler = PyDict_GetItemWithError(cache, key);
    Py_DECREF(key);
    if (handler == NULL)
        return PyErr_Occurred() ? -1 : 0;
    Py_INCREF(handler); /* the function may clear the cache */
    int outcome = -1;
    PyObject *data = NULL, *kwargs = NULL, *shape = NULL, *accepted = NULL;
    long long handler_module_len = number_of(handler, name_module_len);
    int is_async = (int)number_of(handler, name_is_async);
    if (handler_module_len < 0 || is_async < 0)
        goto end;
    outcome = 0;
    if ((uint64_t)handler_module_len != module_len || (only_async && !is_async))
        goto end;
    /* A copy, since decoders read what they are given more than once. */
    data = PyBytes_FromStringAndSize(names + names_len, (Py_ssize_t)kwargs_len);
    if (data == NULL) {
        outcome = -1;
        goto end;
    }
    kwargs = decode_kwargs(&self->codec, data);
    if (kwargs == NULL)
        goto end;
    shape = PySequence_Tuple(kwargs);
    accepted = PyObject_GetAttr(handler, name_accepted);
    outcome = shape == NULL || accepted == NULL ? -1 : PySet_Contains(accepted, shape);
    if (outcome > 0)
        outcome =
            take(self, engine, cancels, request_id, handler, is_async, kwargs) < 0 ? -1 : 1;
end:
    Py_XDECREF(data);
    Py_XDECREF(kwargs);
    Py_XDECREF(shape);
    Py_XDECREF(accepted);
    Py_DECREF(handler);
    return outcome;
}

/* serve(engine, write, turn_end, most_tasks, sync_busy): handle requests up to the position write,
 * which the caller has checked. Says why it came back. */
static PyObject *lane_serve(Lane *self, PyObject *args) {
    PyObject *engine, *cache = NULL, *cancels = NULL, *in_flight = NULL;
    unsigned long long write, turn_end;
    Py_ssize_t most_tasks;
    int sync_busy;
    if (!PyArg_ParseTuple(args, "OKKnp", &engine, &write, &turn_end, &most_tasks, &sync_busy))
        return NULL;
    long why = -1;
    cache = PyObject_GetAttr(engine, name_cache);
    cancels = PyObject_GetAttr(engine, name_cancels);
    in_flight = PyObject_GetAttr(engine, name_in_flight);
    if (cache == NULL || cancels == NULL || in_flight == NULL)
        goto end;
    while (why < 0) {
        long long stopping = number_of(engine, name_stopping);
        if (stopping < 0)
            goto end;
        /* A function may have forked, and this may be the child. */
        if (stopping || self->base == NULL || self->consumer->position >= write) {
            why = REACHED;
        } else {
            int outcome =
                serve_one(self, engine, cache, cancels, sync_busy || PyDict_Size(in_flight) > 0);
            if (outcome < 0)
                goto end;
            if (outcome == 0)
                why = OTHER;
            else if (now_ns() > turn_end || PyDict_Size(in_flight) >= most_tasks)
                why = TURN_OVER;
        }
    }
end:
    Py_XDECREF(cache);
    Py_XDECREF(cancels);
    Py_XDECREF(in_flight);
    return PyErr_Occurred() ? NULL : PyLong_FromLong(why);
}

static PyMethodDef lane_methods[] = {
    {"serve", (PyCFunction)lane_serve, METH_VARARGS, "Handle plain requests; why it came back."},
    {"push", (PyCFunction)lane_push, METH_VARARGS, "Send one small response."},
    {"close", (PyCFunction)lane_close, METH_NOARGS, "Do not touch the memory any more."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot lane_slots[] = {
    {Py_tp_doc, "The hot path of one lane."},
    {Py_tp_new, lane_new},
    {Py_tp_dealloc, lane_dealloc},
    {Py_tp_methods, lane_methods},
    {0, NULL},
};

PyType_Spec lane_spec = {
    "_ringwire_native.Lane", sizeof(Lane), 0, Py_TPFLAGS_DEFAULT, lane_slots};
