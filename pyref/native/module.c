#include "native.h"

#include <stdatomic.h>

PyTypeObject *cursor_type;

/* full_fence(): no load passes a store that was made before. */
static PyObject *module_full_fence(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored)) {
    atomic_thread_fence(memory_order_seq_cst);
    Py_RETURN_NONE;
}

static PyObject *module_same_json(PyObject *Py_UNUSED(module), PyObject *value) {
    return PyBool_FromLong(same_json(value));
}

static PyMethodDef module_methods[] = {
    {"full_fence", module_full_fence, METH_NOARGS, "Let no load pass an earlier store."},
    {"same_json", module_same_json, METH_O, "Whether orjson and json agree on a value."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_ringwire_native", "The accelerator of ringwire's worker.", -1,
    module_methods, NULL, NULL, NULL, NULL};

static int add_type(PyObject *module, const char *name, PyType_Spec *spec, PyTypeObject **keep) {
    PyObject *type = PyType_FromSpec(spec);
    if (type == NULL || PyModule_AddObjectRef(module, name, type) < 0) {
        Py_XDECREF(type);
        return -1;
    }
    if (keep != NULL)
        *keep = (PyTypeObject *)type;
    else
        Py_DECREF(type);
    return 0;
}

PyMODINIT_FUNC PyInit__ringwire_native(void) {
    PyObject *module = PyModule_Create(&definition);
    if (module == NULL || intern_names() < 0 || make_constants() < 0 ||
        PyModule_AddIntConstant(module, "ABI", ABI) < 0 ||
        add_type(module, "Word", &word_spec, NULL) < 0 ||
        add_type(module, "Cursor", &cursor_spec, &cursor_type) < 0 ||
        add_type(module, "Lane", &lane_spec, NULL) < 0) {
        Py_XDECREF(module);
        return NULL;
    }
    return module;
}
