/* The accelerator of the Python worker: what its hot path does for a plain call, in C.
 *
 *   word.c    Word: one shared field of the region, loaded with acquire and stored with release;
 *             the full fence of chapter 04; Cursor: where a consumer or producer stands
 *   json.c    kwargs and results through the standard library's JSON or orjson
 *   lane.c    Lane: take, decode, run, encode, answer
 *   module.c  what Python sees
 *
 * Nothing here decides anything that Python would decide otherwise: whatever is not plainly a
 * small good request for a known function, and every result that does not plainly fit, is left to
 * the engine, which does it as it would without this module. All functions run under the
 * interpreter lock. Other processes write the region at any time, so what they may write is copied
 * once, checked, and only the copy is used. */

#ifndef RINGWIRE_NATIVE_H
#define RINGWIRE_NATIVE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>

/* What the Python side expects of this module; it uses no other. See ringwire/native.py. */
#define ABI 3

/* Positions that Python's Consumer and Producer share with serve. */
typedef struct {
    PyObject_HEAD
    unsigned long long position;
    unsigned long long read_position; /* of a producer: what it has last seen released */
} Cursor;

/* The functions at the bottom of a codec. */
typedef struct {
    PyObject *decode, *encode; /* the standard library's scanner and encoder, or orjson's two */
    PyObject *options;         /* of orjson's encoder; None: it is the standard library */
    Py_ssize_t long_text;      /* texts of so many characters are attachments; 0: none are */
} Codec;

extern PyType_Spec word_spec, cursor_spec, lane_spec;
extern PyTypeObject *cursor_type; /* made with the module */

/* Get object's memory if size bytes at offset lie in it, aligned; else -1 with an exception, and
 * memory->obj is NULL. */
int take_memory(PyObject *object, Py_buffer *memory, Py_ssize_t offset, Py_ssize_t size,
                Py_ssize_t alignment);

/* The names that lane.c asks Python objects for, and what json.c gives to others again and again;
 * -1 with an exception. */
int intern_names(void);
int make_constants(void);

/* kwargs from size bytes that nobody else can write; NULL without an exception when the engine must
 * decode them. */
PyObject *decode_kwargs(const Codec *codec, const char *data, Py_ssize_t size);

/* A result as size bytes, which are those of the object that is returned; NULL without an exception
 * when the engine must encode it. */
PyObject *encode_result(const Codec *codec, PyObject *value, const char **data, Py_ssize_t *size);

/* Whether orjson makes of a value what the standard library makes of it. */
int same_json(PyObject *value);

#endif
