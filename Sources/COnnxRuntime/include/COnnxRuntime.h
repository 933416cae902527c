#ifndef SPOTTER_ONNX_RUNTIME_H
#define SPOTTER_ONNX_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

// A small, stable surface over ONNX Runtime's C interface. The library is opened at run time,
// because it is installed beside Spotter rather than by the system, and its symbols are versioned.
//
// Functions that can fail take `message`, a buffer of `capacity` bytes that receives a
// null-terminated reason, and return NULL or a non-zero value.

typedef struct spotter_ort spotter_ort;
typedef struct spotter_ort_session spotter_ort_session;
typedef struct spotter_ort_value spotter_ort_value;
typedef struct spotter_ort_run_options spotter_ort_run_options;

enum { SPOTTER_ORT_FLOAT = 1, SPOTTER_ORT_UINT8 = 2 };

typedef struct {
    const char *name;
    int element_type;
    const int64_t *shape;
    size_t rank;
    void *data;
    size_t bytes;
} spotter_ort_input;

// Opens the shared library at `path` and creates one environment. Thread-safe from then on.
spotter_ort *spotter_ort_open(const char *path, char *message, size_t capacity);
void spotter_ort_close(spotter_ort *runtime);
const char *spotter_ort_version(const spotter_ort *runtime);

// Names of the execution providers in the library, each with a newline behind it.
void spotter_ort_providers(const spotter_ort *runtime, char *names, size_t capacity);

enum { SPOTTER_ORT_CUDA = 1, SPOTTER_ORT_TENSORRT = 2 };

// A GPU provider with its options as strings.
typedef struct {
    int kind;
    const char *const *keys;
    const char *const *values;
    size_t count;
} spotter_ort_provider;

// Loads the model in `model`; the bytes are copied. `threads` is the width of one run. What no
// provider takes runs on the CPU.
spotter_ort_session *spotter_ort_session_open(spotter_ort *runtime, const void *model,
                                              size_t bytes, int threads,
                                              const spotter_ort_provider *providers,
                                              size_t provider_count, char *message,
                                              size_t capacity);
void spotter_ort_session_close(spotter_ort_session *session);

// What ends a run: `spotter_ort_run_options_end` may be called from any thread while these options
// are open, and a run with them ends with an error before its next operator.
spotter_ort_run_options *spotter_ort_run_options_open(spotter_ort *runtime, char *message,
                                                      size_t capacity);
void spotter_ort_run_options_end(spotter_ort *runtime, spotter_ort_run_options *options);
void spotter_ort_run_options_close(spotter_ort *runtime, spotter_ort_run_options *options);

// Runs the session. `outputs` receives `output_count` values that the caller releases.
// May be called from many threads at once.
int spotter_ort_run(spotter_ort_session *session, const spotter_ort_run_options *options,
                    const spotter_ort_input *inputs, size_t input_count, const char *const *output_names, size_t output_count,
                    spotter_ort_value **outputs, char *message, size_t capacity);

// Shape and elements of a float tensor; `rank` is in and out: room in `shape`, then the real rank.
int spotter_ort_value_floats(spotter_ort_session *session, spotter_ort_value *value,
                             const float **data, size_t *count, int64_t *shape, size_t *rank,
                             char *message, size_t capacity);
void spotter_ort_value_release(spotter_ort_session *session, spotter_ort_value *value);

#endif
