#include "native.h"

#include <stdatomic.h>
#include <stdint.h>

typedef struct {
    PyObject_HEAD
    Py_buffer memory; /* obj is NULL when released */
    void *field;
    int itemsize;
} Word;

int take_memory(PyObject *object, Py_buffer *memory, Py_ssize_t offset, Py_ssize_t size,
                       Py_ssize_t alignment) {
    if (PyObject_GetBuffer(object, memory, PyBUF_WRITABLE) < 0) {
        memory->obj = NULL;
        return -1;
    }
    if (offset < 0 || size > memory->len || offset > memory->len - size ||
        ((uintptr_t)memory->buf + (size_t)offset) % (size_t)alignment) {
        PyBuffer_Release(memory);
        PyErr_SetString(PyExc_ValueError, "outside of the memory, or not aligned");
        return -1;
    }
    return 0;
}

static PyObject *word_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"", "", "", NULL};
    PyObject *object;
    Py_ssize_t offset;
    int size;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "Oni", names, &object, &offset, &size))
        return NULL;
    if (size != 4 && size != 8) {
        PyErr_SetString(PyExc_ValueError, "a word has 4 or 8 bytes");
        return NULL;
    }
    Word *self = (Word *)PyType_GenericAlloc(type, 0);
    if (self == NULL)
        return NULL;
    if (take_memory(object, &self->memory, offset, size, size) < 0) {
        Py_DECREF(self);
        return NULL;
    }
    self->field = (char *)self->memory.buf + offset;
    self->itemsize = size;
    return (PyObject *)self;
}

static PyObject *word_release(Word *self, PyObject *Py_UNUSED(ignored)) {
    if (self->memory.obj != NULL)
        PyBuffer_Release(&self->memory);
    self->field = NULL;
    Py_RETURN_NONE;
}

static void word_dealloc(Word *self) {
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    if (self->memory.obj != NULL)
        PyBuffer_Release(&self->memory);
    PyObject_Free(self);
    Py_DECREF(type);
}

/* Whether word[index] may be used. */
static int word_check(Word *self, PyObject *index) {
    if (self->field == NULL) {
        PyErr_SetString(PyExc_ValueError, "operation forbidden on released word");
        return -1;
    }
    if (PyLong_AsLong(index) != 0) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_IndexError, "a word has one item");
        return -1;
    }
    return 0;
}

static PyObject *word_get(Word *self, PyObject *index) {
    if (word_check(self, index) < 0)
        return NULL;
    if (self->itemsize == 8)
        return PyLong_FromUnsignedLongLong(
            atomic_load_explicit((_Atomic uint64_t *)self->field, memory_order_acquire));
    return PyLong_FromUnsignedLong(
        atomic_load_explicit((_Atomic uint32_t *)self->field, memory_order_acquire));
}

static int word_set(Word *self, PyObject *index, PyObject *value) {
    if (word_check(self, index) < 0)
        return -1;
    if (value == NULL) {
        PyErr_SetString(PyExc_TypeError, "a word cannot be deleted");
        return -1;
    }
    unsigned long long number = PyLong_AsUnsignedLongLong(value);
    if (number == (unsigned long long)-1 && PyErr_Occurred())
        return -1;
    if (self->itemsize == 8) {
        atomic_store_explicit((_Atomic uint64_t *)self->field, number, memory_order_release);
        return 0;
    }
    if (number > UINT32_MAX) {
        PyErr_SetString(PyExc_ValueError, "value fits no word of 4 bytes");
        return -1;
    }
    atomic_store_explicit((_Atomic uint32_t *)self->field, (uint32_t)number, memory_order_release);
    return 0;
}

static Py_ssize_t word_length(Word *Py_UNUSED(self)) {
    return 1;
}

static PyMemberDef word_members[] = {
    {"itemsize", T_INT, offsetof(Word, itemsize), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyMethodDef word_methods[] = {
    {"release", (PyCFunction)word_release, METH_NOARGS, "Let go of the memory."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot word_slots[] = {
    {Py_tp_doc, "Word(memory, offset, size): word[0] is one atomic load or store."},
    {Py_tp_new, word_new},
    {Py_tp_dealloc, word_dealloc},
    {Py_tp_members, word_members},
    {Py_tp_methods, word_methods},
    {Py_mp_length, word_length},
    {Py_mp_subscript, word_get},
    {Py_mp_ass_subscript, word_set},
    {0, NULL},
};

PyType_Spec word_spec = {
    "_ringwire_native.Word", sizeof(Word), 0, Py_TPFLAGS_DEFAULT, word_slots};

/* ---------------------------------------------------------------- Cursor */

static PyMemberDef cursor_members[] = {
    {"position", T_ULONGLONG, offsetof(Cursor, position), 0, NULL},
    {"read_position", T_ULONGLONG, offsetof(Cursor, read_position), 0, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot cursor_slots[] = {
    {Py_tp_doc, "The positions of a consumer or producer, for both languages."},
    {Py_tp_members, cursor_members},
    {0, NULL},
};

PyType_Spec cursor_spec = {"_ringwire_native.Cursor", sizeof(Cursor), 0,
                                  Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, cursor_slots};
