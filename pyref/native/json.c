#include "native.h"

#include <math.h>

/* Integers of fewer digits fit 64 bits; orjson makes floats of longer ones. */
#define LONG_NUMBER 19
/* How deep a result may be nested to be looked through here. */
#define DEEPEST 100

static PyObject *zero, *empty;

int make_constants(void) {
    zero = PyLong_FromLong(0);
    empty = PyUnicode_FromString("");
    return zero == NULL || empty == NULL ? -1 : 0;
}

PyObject *decode_kwargs(const Codec *codec, const char *data, Py_ssize_t size) {
    PyObject *value = NULL;
    if (size == 0)
        return PyDict_New();
    if (codec->options == Py_None) {
        PyObject *text = PyUnicode_DecodeUTF8(data, size, NULL), *pair = NULL;
        if (text != NULL)
            pair = PyObject_CallFunctionObjArgs(codec->decode, text, zero, NULL);
        if (pair != NULL) {
            if (PyTuple_Size(pair) == 2 &&
                PyLong_AsSsize_t(PyTuple_GetItem(pair, 1)) == PyUnicode_GetLength(text))
                value = Py_NewRef(PyTuple_GetItem(pair, 0));
            Py_DECREF(pair);
        }
        Py_XDECREF(text);
    } else {
        int digits = 0;
        for (Py_ssize_t i = 0; i < size && digits < LONG_NUMBER; i++)
            digits = data[i] >= '0' && data[i] <= '9' ? digits + 1 : 0;
        if (digits == LONG_NUMBER)
            return NULL;
        PyObject *bytes = PyBytes_FromStringAndSize(data, size);
        if (bytes != NULL)
            value = PyObject_CallFunctionObjArgs(codec->decode, bytes, NULL);
        Py_XDECREF(bytes);
    }
    if (value == NULL || !PyDict_CheckExact(value)) {
        PyErr_Clear();
        Py_CLEAR(value);
    }
    return value;
}

/* orjson makes null of NaN, and takes what JSON does not have, such as members of an Enum. */
static int same(PyObject *value, int depth) {
    if (value == Py_None || PyUnicode_CheckExact(value) || PyLong_CheckExact(value) ||
        PyBool_Check(value))
        return 1;
    if (PyFloat_CheckExact(value))
        return isfinite(PyFloat_AsDouble(value)) != 0;
    if (depth == DEEPEST)
        return 0;
    if (PyDict_CheckExact(value)) {
        PyObject *key, *member;
        Py_ssize_t at = 0;
        while (PyDict_Next(value, &at, &key, &member))
            if (!PyUnicode_CheckExact(key) || !same(member, depth + 1))
                return 0;
        return 1;
    }
    if (PyList_CheckExact(value)) {
        for (Py_ssize_t i = 0; i < PyList_Size(value); i++)
            if (!same(PyList_GetItem(value, i), depth + 1))
                return 0;
        return 1;
    }
    if (PyTuple_CheckExact(value)) {
        for (Py_ssize_t i = 0; i < PyTuple_Size(value); i++)
            if (!same(PyTuple_GetItem(value, i), depth + 1))
                return 0;
        return 1;
    }
    return 0;
}

int same_json(PyObject *value) {
    return same(value, 0);
}

static int is_attachment(const Codec *codec, PyObject *value) {
    if (PyUnicode_CheckExact(value))
        return PyUnicode_GetLength(value) >= codec->long_text;
    return PyBytes_CheckExact(value) || PyByteArray_CheckExact(value) ||
           PyMemoryView_Check(value);
}

/* The pieces of JSON that the standard library's encoder makes, as one text: nearly always there is
 * one only. */
static PyObject *joined(PyObject *chunks) {
    if (PyList_Check(chunks) && PyList_Size(chunks) == 1)
        return Py_NewRef(PyList_GetItem(chunks, 0));
    if (PyTuple_Check(chunks) && PyTuple_Size(chunks) == 1)
        return Py_NewRef(PyTuple_GetItem(chunks, 0));
    return PyUnicode_Join(empty, chunks);
}

PyObject *encode_result(const Codec *codec, PyObject *value, const char **data, Py_ssize_t *size) {
    if (codec->long_text > 0) {
        if (is_attachment(codec, value))
            return NULL;
        if (PyDict_CheckExact(value)) {
            PyObject *key, *member;
            Py_ssize_t at = 0;
            while (PyDict_Next(value, &at, &key, &member))
                if (is_attachment(codec, member))
                    return NULL;
        }
    }
    PyObject *body = NULL;
    *data = NULL;
    if (codec->options != Py_None) {
        if (same_json(value))
            body = PyObject_CallFunctionObjArgs(codec->encode, value, Py_None, codec->options, NULL);
        if (body != NULL && PyBytes_CheckExact(body)) {
            *data = PyBytes_AsString(body);
            *size = PyBytes_Size(body);
        }
    } else {
        PyObject *chunks = PyObject_CallFunctionObjArgs(codec->encode, value, zero, NULL);
        if (chunks != NULL) {
            body = joined(chunks);
            Py_DECREF(chunks);
        }
        if (body != NULL && PyUnicode_CheckExact(body))
            *data = PyUnicode_AsUTF8AndSize(body, size);
    }
    if (*data == NULL) {
        PyErr_Clear();
        Py_CLEAR(body);
    }
    return body;
}
