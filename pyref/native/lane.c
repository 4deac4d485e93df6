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

/* Longer names are left to the engine. */
#define NAMES_MAX 256
/* Names and arguments up to this length are copied to the stack. */
#define SMALL 1024

/* Up to so many calls in a row are made without a look at the clock, as long as they are short:
 * together they must have taken less than this. As in engine.py. */
#define CALLS_PER_LOOK 16
#define SHORT_NS 60000

/* What serve comes back with. */
enum { REACHED = 0, OTHER = 1, TURN_OVER = 2 };

static PyObject *no_arguments;
static PyObject *name_accepted, *name_answer_result, *name_answered, *name_begin, *name_binds,
    *name_cache, *name_cancels, *name_function, *name_in_flight, *name_is_async, *name_lengths,
    *name_loop, *name_plain, *name_raised, *name_ring, *name_running_handler, *name_running_id,
    *name_set_running_loop, *name_stopping, *name_urgent_seen, *name_withdrawn;

int intern_names(void) {
    static const struct {
        PyObject **name;
        const char *text;
    } names[] = {
        {&name_accepted, "accepted"},
        {&name_answer_result, "_answer_result"},
        {&name_answered, "ANSWERED"},
        {&name_begin, "_begin"},
        {&name_binds, "binds"},
        {&name_cache, "cache"},
        {&name_cancels, "_cancels"},
        {&name_function, "function"},
        {&name_in_flight, "_in_flight"},
        {&name_is_async, "is_async"},
        {&name_lengths, "lengths"},
        {&name_loop, "_loop"},
        {&name_plain, "_plain"},
        {&name_raised, "_answer_raised"},
        {&name_ring, "_ring_doorbell"},
        {&name_running_handler, "_handler"},
        {&name_running_id, "_running_id"},
        {&name_set_running_loop, "set_running_loop"},
        {&name_stopping, "_stopping"},
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
    /* The handler that was called last, and what a call must know of it; NULL: none yet. */
    PyObject *handler, *function, *accepted;
    uint64_t lengths;
    int is_async, binds;
    size_t names_len;
    char names[NAMES_MAX];
} Lane;

/* What serve knows of the engine, which has it under the same names. */
typedef struct {
    PyObject *self, *cache, *cancels, *in_flight, *loop, *set_running_loop, *answered;
    uint32_t urgent_seen;
    int in_loop;  /* the loop is said to be running */
    int only_async;
    int told; /* the engine knows which handler was called last */
} Engine;

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
    Py_XDECREF(self->handler);
    Py_XDECREF(self->function);
    Py_XDECREF(self->accepted);
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

/* An attribute that is true or false, or -1 with an exception. */
static int truth_of(PyObject *object, PyObject *name) {
    PyObject *value = PyObject_GetAttr(object, name);
    if (value == NULL)
        return -1;
    int truth = PyObject_IsTrue(value);
    Py_DECREF(value);
    return truth;
}

/* Say whether the loop runs: only functions that are async are to find that it does. */
static int set_in_loop(Engine *engine, int in_loop) {
    if (engine->in_loop == in_loop)
        return 0;
    engine->in_loop = in_loop;
    return done(PyObject_CallFunctionObjArgs(engine->set_running_loop,
                                             in_loop ? engine->loop : Py_None, NULL));
}

/* Answer a call with its result. */
static int answer(Lane *self, Engine *engine, uint32_t request_id, PyObject *id, PyObject *result) {
    const char *data;
    Py_ssize_t size;
    PyObject *body = encode_result(&self->codec, result, &data, &size);
    int outcome = body == NULL ? -1 : push(self, request_id, data, size);
    Py_XDECREF(body);
    if (outcome == 0)
        return 0;
    if (outcome > 0)
        return done(PyObject_CallMethodObjArgs(engine->self, name_ring, NULL));
    return set_in_loop(engine, 0) < 0
               ? -1
               : done(PyObject_CallMethodObjArgs(engine->self, name_answer_result, id,
                                                 self->handler, result, NULL));
}

/* Start the task of the handler at hand, and answer the call if it ended and has a result. */
static int begin(Lane *self, Engine *engine, uint32_t request_id, PyObject *id, PyObject *kwargs) {
    if (set_in_loop(engine, 1) < 0)
        return -1;
    PyObject *result =
        PyObject_CallMethodObjArgs(engine->self, name_begin, id, self->handler, kwargs, NULL);
    if (result == NULL)
        return -1;
    int outcome = result == engine->answered ? 0 : answer(self, engine, request_id, id, result);
    Py_DECREF(result);
    return outcome;
}

/* Run the function at hand, which is not async, and answer the call. */
static int run(Lane *self, Engine *engine, uint32_t request_id, PyObject *id, PyObject *kwargs) {
    if (set_in_loop(engine, 0) < 0 || PyObject_SetAttr(engine->self, name_running_id, id) < 0)
        return -1;
    if (!engine->told) {
        if (PyObject_SetAttr(engine->self, name_running_handler, self->handler) < 0)
            return -1;
        engine->told = 1;
    }
    atomic_store_explicit(word64(self, self->calls), request_id | (uint64_t)1 << 32,
                          memory_order_relaxed);
    PyObject *result = PyObject_Call(self->function, no_arguments, kwargs);
    int outcome;
    if (result == NULL) {
        PyObject *type, *error, *trace;
        PyErr_Fetch(&type, &error, &trace);
        PyErr_NormalizeException(&type, &error, &trace);
        if (trace != NULL)
            PyException_SetTraceback(error, trace);
        outcome = done(PyObject_CallMethodObjArgs(engine->self, name_raised, id, self->handler,
                                                  kwargs, error, NULL));
        Py_XDECREF(type);
        Py_XDECREF(error);
        Py_XDECREF(trace);
        return outcome;
    }
    outcome = answer(self, engine, request_id, id, result);
    Py_DECREF(result);
    return outcome;
}

/* Take the request whose arguments were decoded and are bound, or will be, and start it. */
static int take(Lane *self, Engine *engine, int plain, uint32_t request_id, PyObject *kwargs) {
    self->consumer->position++;
    /* Pairs with the master's load: the request counts as started from here. */
    atomic_store_explicit(word64(self, self->read_position), self->consumer->position,
                          memory_order_release);
    PyObject *id = PyLong_FromUnsignedLong(request_id);
    if (id == NULL)
        return -1;
    int outcome = -1, withdrawn = 0;
    /* LIFE-030: after the request is taken, and before its code runs. */
    if (atomic_load_explicit(word32(self, self->urgent_count), memory_order_acquire) !=
            engine->urgent_seen || (!plain && PyDict_Size(engine->cancels) > 0)) {
        withdrawn = -1;
        PyObject *answered = PyObject_CallMethodObjArgs(engine->self, name_withdrawn, id, NULL);
        if (answered != NULL) {
            long long seen = number_of(engine->self, name_urgent_seen);
            if (seen >= 0)
                withdrawn = answered == Py_True;
            engine->urgent_seen = (uint32_t)seen;
            Py_DECREF(answered);
        }
    }
    if (withdrawn > 0)
        outcome = 0;
    else if (withdrawn == 0)
        outcome = self->is_async ? begin(self, engine, request_id, id, kwargs)
                                 : run(self, engine, request_id, id, kwargs);
    Py_DECREF(id);
    return outcome;
}

/* Have the handler at hand that these names mean. 1: so it is; 0: it is not known; -1: error. */
static int find_handler(Lane *self, Engine *engine, const char *names, size_t names_len,
                        uint64_t lengths) {
    PyObject *key = PyBytes_FromStringAndSize(names, (Py_ssize_t)names_len);
    if (key == NULL)
        return -1;
    /* Valid names: these very bytes were parsed before. */
    PyObject *handler = PyDict_GetItemWithError(engine->cache, key);
    Py_DECREF(key);
    if (handler == NULL)
        return PyErr_Occurred() ? -1 : 0;
    long long expected = number_of(handler, name_lengths);
    if (expected < 0)
        return -1;
    if ((uint64_t)expected != lengths)
        return 0;
    int is_async = truth_of(handler, name_is_async), binds = truth_of(handler, name_binds);
    PyObject *function = PyObject_GetAttr(handler, name_function);
    PyObject *accepted = PyObject_GetAttr(handler, name_accepted);
    if (is_async < 0 || binds < 0 || function == NULL || accepted == NULL) {
        Py_XDECREF(function);
        Py_XDECREF(accepted);
        return -1;
    }
    PyObject *before[] = {self->handler, self->function, self->accepted};
    self->handler = Py_NewRef(handler);
    self->function = function;
    self->accepted = accepted;
    self->is_async = is_async;
    self->binds = binds;
    self->lengths = lengths;
    self->names_len = names_len;
    memcpy(self->names, names, names_len);
    engine->told = 0;
    for (int i = 0; i < 3; i++)
        Py_XDECREF(before[i]);
    return 1;
}

/* Whether the arguments are known to fit a function that must be asked before it is called. */
static int fits(Lane *self, PyObject *kwargs) {
    PyObject *shape = PySequence_Tuple(kwargs);
    if (shape == NULL)
        return -1;
    int known = PySet_Contains(self->accepted, shape);
    Py_DECREF(shape);
    return known;
}

/* Handle a request with this copy of its names and arguments; outcomes as of serve_one. */
static int serve_copy(Lane *self, Engine *engine, int plain, uint32_t request_id, uint64_t lengths,
                      const char *copy, size_t names_len, size_t kwargs_len) {
    if (self->handler == NULL || lengths != self->lengths ||
        memcmp(copy, self->names, names_len) != 0) {
        int found = find_handler(self, engine, copy, names_len, lengths);
        if (found <= 0)
            return found;
    }
    if (engine->only_async && !self->is_async)
        return 0;
    PyObject *kwargs = decode_kwargs(&self->codec, copy + names_len, (Py_ssize_t)kwargs_len);
    if (kwargs == NULL)
        return 0;
    int outcome = self->binds ? 1 : fits(self, kwargs);
    if (outcome > 0 && take(self, engine, plain, request_id, kwargs) < 0)
        outcome = -1;
    Py_DECREF(kwargs);
    return outcome;
}

/* Handle the request at the consumer's position. 1: done; 0: it is for the engine; -1: error. */
static int serve_one(Lane *self, Engine *engine, int plain) {
    const uint8_t *slot =
        self->base + self->requests + (self->consumer->position & self->mask) * self->stride;
    uint8_t header[SLOT_HEADER + REQUEST_HEADER];
    memcpy(header, slot, sizeof header);
    atomic_signal_fence(memory_order_seq_cst); /* the copy is made once */
    const uint8_t *request = header + SLOT_HEADER;
    uint32_t length = u32(header), total = u32(request + 5), request_id = u32(request + 1);
    uint64_t module_len = u32(request + 9), function_len = u32(request + 13);
    uint64_t names_len = module_len + function_len, kwargs_len = u32(request + 17);
    if (request[0] != TYPE_REQUEST || u32(header + 4) != 0 || request_id == 0 || total != length ||
        total > self->longest || REQUEST_HEADER + names_len + kwargs_len != total ||
        names_len > NAMES_MAX)
        return 0;
    /* A copy, since whoever looks at names and arguments does so more than once. */
    char small[SMALL], *copy = small;
    size_t size = (size_t)(names_len + kwargs_len);
    if (size > SMALL && (copy = PyMem_Malloc(size)) == NULL)
        return 0;
    memcpy(copy, slot + SLOT_HEADER + REQUEST_HEADER, size);
    atomic_signal_fence(memory_order_seq_cst);
    int outcome = serve_copy(self, engine, plain, request_id, module_len | function_len << 32, copy,
                             (size_t)names_len, (size_t)kwargs_len);
    if (copy != small)
        PyMem_Free(copy);
    return outcome;
}

/* Requests up to the position write, until time is over; why it came back, -1 with an exception. */
static long serve(Lane *self, Engine *engine, uint64_t write, uint64_t turn_end,
                  Py_ssize_t most_tasks, int sync_busy) {
    uint64_t looked = now_ns();
    int at_once = 1, left = 1;
    for (;;) {
        int plain = truth_of(engine->self, name_plain);
        if (plain < 0)
            return -1;
        if (!plain) {
            int stopping = truth_of(engine->self, name_stopping);
            if (stopping != 0)
                return stopping < 0 ? -1 : REACHED;
        }
        /* A function may have forked, and this may be the child. */
        if (self->base == NULL || self->consumer->position >= write)
            return REACHED;
        Py_ssize_t tasks = PyDict_Size(engine->in_flight);
        engine->only_async = sync_busy || tasks > 0;
        int outcome = serve_one(self, engine, plain);
        if (outcome <= 0)
            return outcome < 0 ? -1 : OTHER;
        if (PyDict_Size(engine->in_flight) >= most_tasks)
            return TURN_OVER;
        if (--left == 0) {
            uint64_t now = now_ns();
            if (now > turn_end)
                return TURN_OVER;
            at_once = now - looked >= SHORT_NS ? 1 : at_once < CALLS_PER_LOOK ? 2 * at_once : at_once;
            looked = now;
            left = at_once;
        }
    }
}

/* serve(engine, write, turn_end, most_tasks, sync_busy): handle requests up to the position write,
 * which the caller has checked. Says why it came back. The loop must not be set as running. */
static PyObject *lane_serve(Lane *self, PyObject *args) {
    Engine engine = {0};
    unsigned long long write, turn_end;
    Py_ssize_t most_tasks;
    int sync_busy;
    if (!PyArg_ParseTuple(args, "OKKnp", &engine.self, &write, &turn_end, &most_tasks, &sync_busy))
        return NULL;
    struct {
        PyObject **field, *name;
    } parts[] = {
        {&engine.cache, name_cache},         {&engine.cancels, name_cancels},
        {&engine.in_flight, name_in_flight}, {&engine.loop, name_loop},
        {&engine.answered, name_answered},   {&engine.set_running_loop, name_set_running_loop},
    };
    size_t count = sizeof parts / sizeof *parts, got = 0;
    while (got < count &&
           (*parts[got].field = PyObject_GetAttr(engine.self, parts[got].name)) != NULL)
        got++;
    long why = -1;
    if (got == count) {
        long long seen = number_of(engine.self, name_urgent_seen);
        engine.urgent_seen = (uint32_t)seen;
        if (seen >= 0)
            why = serve(self, &engine, write, turn_end, most_tasks, sync_busy);
        if (why >= 0 && set_in_loop(&engine, 0) < 0)
            why = -1;
    }
    while (got > 0)
        Py_DECREF(*parts[--got].field);
    return why < 0 ? NULL : PyLong_FromLong(why);
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
