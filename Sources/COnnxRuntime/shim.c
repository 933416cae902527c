#include "COnnxRuntime.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ONNX Runtime publishes its interface as one append-only table of functions, so a slot's number
// is as stable as a symbol. The numbers below are those of interface version 12 and later.
enum slot {
    GET_ERROR_MESSAGE = 2,
    CREATE_ENV = 3,
    DISABLE_TELEMETRY = 6,
    CREATE_SESSION_FROM_ARRAY = 8,
    RUN = 9,
    CREATE_SESSION_OPTIONS = 10,
    DISABLE_CPU_MEMORY_ARENA = 19,
    SET_GRAPH_OPTIMIZATION = 23,
    SET_INTRA_OP_THREADS = 24,
    CREATE_RUN_OPTIONS = 39,
    RUN_OPTIONS_SET_TERMINATE = 46,
    CREATE_TENSOR_WITH_DATA = 49,
    GET_TENSOR_DATA = 51,
    GET_ELEMENT_TYPE = 60,
    GET_DIMENSION_COUNT = 61,
    GET_DIMENSIONS = 62,
    GET_ELEMENT_COUNT = 64,
    GET_TENSOR_TYPE_AND_SHAPE = 65,
    CREATE_CPU_MEMORY_INFO = 69,
    RELEASE_ENV = 92,
    RELEASE_STATUS = 93,
    RELEASE_MEMORY_INFO = 94,
    RELEASE_SESSION = 95,
    RELEASE_VALUE = 96,
    RELEASE_RUN_OPTIONS = 97,
    RELEASE_TENSOR_TYPE_AND_SHAPE = 99,
    RELEASE_SESSION_OPTIONS = 100,
    GET_AVAILABLE_PROVIDERS = 125,
    RELEASE_AVAILABLE_PROVIDERS = 126,
    ADD_SESSION_CONFIG_ENTRY = 130,
    APPEND_TENSORRT = 170,
    CREATE_TENSORRT_OPTIONS = 171,
    UPDATE_TENSORRT_OPTIONS = 172,
    RELEASE_TENSORRT_OPTIONS = 174,
    APPEND_CUDA = 204,
    CREATE_CUDA_OPTIONS = 205,
    UPDATE_CUDA_OPTIONS = 206,
    RELEASE_CUDA_OPTIONS = 208,
};

enum { INTERFACE_VERSION = 12, LOG_ERROR = 3, OPTIMIZE_ALL = 99, INPUTS_MAX = 8 };

typedef struct {
    const void *const *(*get_api)(uint32_t version);
    const char *(*get_version)(void);
} api_base;

struct spotter_ort {
    void *library;
    const void *const *api;
    const char *version;
    void *env;
    void *memory;
};

struct spotter_ort_session {
    spotter_ort *runtime;
    void *session;
};

// Calls the function in a slot of the table `api` that is in scope.
#define CALL(result, number, ...) ((result(*)(__VA_ARGS__))api[number])

static void say(char *message, size_t capacity, const char *text) {
    if (capacity > 0) snprintf(message, capacity, "%s", text);
}

// Consumes `status`. Returns 0 for success, else copies its message and returns 1.
static int failed(const void *const *api, void *status, char *message, size_t capacity) {
    if (!status) return 0;
    say(message, capacity, CALL(const char *, GET_ERROR_MESSAGE, void *)(status));
    CALL(void, RELEASE_STATUS, void *)(status);
    return 1;
}

spotter_ort *spotter_ort_open(const char *path, char *message, size_t capacity) {
    // The library reports home as soon as it has an environment, before it can be told not to.
    setenv("ORT_DISABLE_TELEMETRY", "1", 1);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        say(message, capacity, dlerror());
        return NULL;
    }
    const api_base *(*get_base)(void) = (const api_base *(*)(void))dlsym(library, "OrtGetApiBase");
    const void *const *api = get_base ? get_base()->get_api(INTERFACE_VERSION) : NULL;
    spotter_ort *runtime = api ? calloc(1, sizeof *runtime) : NULL;
    if (!runtime) {
        say(message, capacity, "not a library of ONNX Runtime 1.12 or later");
        dlclose(library);
        return NULL;
    }
    runtime->library = library;
    runtime->api = api;
    runtime->version = get_base()->get_version();
    if (failed(api, CALL(void *, CREATE_ENV, int, const char *, void **)(LOG_ERROR, "spotter",
                                                                        &runtime->env),
               message, capacity) ||
        failed(api, CALL(void *, DISABLE_TELEMETRY, void *)(runtime->env), message, capacity) ||
        failed(api, CALL(void *, CREATE_CPU_MEMORY_INFO, int, int, void **)(0, 0, &runtime->memory),
               message, capacity)) {
        spotter_ort_close(runtime);
        return NULL;
    }
    return runtime;
}

void spotter_ort_close(spotter_ort *runtime) {
    if (!runtime) return;
    const void *const *api = runtime->api;
    if (runtime->memory) CALL(void, RELEASE_MEMORY_INFO, void *)(runtime->memory);
    if (runtime->env) CALL(void, RELEASE_ENV, void *)(runtime->env);
    // The library stays open: threads of its own may still run code in it.
    free(runtime);
}

const char *spotter_ort_version(const spotter_ort *runtime) { return runtime->version; }

void spotter_ort_providers(const spotter_ort *runtime, char *names, size_t capacity) {
    const void *const *api = runtime->api;
    char **list = NULL;
    int count = 0;
    size_t length = 0;
    char message[64];
    if (capacity > 0) names[0] = 0;
    if (failed(api, CALL(void *, GET_AVAILABLE_PROVIDERS, char ***, int *)(&list, &count), message,
               sizeof message))
        return;
    for (int i = 0; i < count; i++) {
        size_t wanted = strlen(list[i]) + 1;
        if (length + wanted >= capacity) break;
        length += (size_t)snprintf(names + length, capacity - length, "%s\n", list[i]);
    }
    void *status = CALL(void *, RELEASE_AVAILABLE_PROVIDERS, char **, int)(list, count);
    if (status) CALL(void, RELEASE_STATUS, void *)(status);
}

// Adds one GPU provider to the options of a session.
static int append_provider(const void *const *api, void *options,
                           const spotter_ort_provider *provider, char *message, size_t capacity) {
    int is_cuda = provider->kind == SPOTTER_ORT_CUDA;
    int create = is_cuda ? CREATE_CUDA_OPTIONS : CREATE_TENSORRT_OPTIONS;
    int update = is_cuda ? UPDATE_CUDA_OPTIONS : UPDATE_TENSORRT_OPTIONS;
    int append = is_cuda ? APPEND_CUDA : APPEND_TENSORRT;
    int release = is_cuda ? RELEASE_CUDA_OPTIONS : RELEASE_TENSORRT_OPTIONS;
    void *own = NULL;
    int bad = failed(api, CALL(void *, create, void **)(&own), message, capacity) ||
              failed(api,
                     CALL(void *, update, void *, const char *const *, const char *const *, size_t)(
                         own, provider->keys, provider->values, provider->count),
                     message, capacity) ||
              failed(api, CALL(void *, append, void *, const void *)(options, own), message,
                     capacity);
    if (own) CALL(void, release, void *)(own);
    return bad;
}

spotter_ort_session *spotter_ort_session_open(spotter_ort *runtime, const void *model,
                                              size_t bytes, int threads,
                                              const spotter_ort_provider *providers,
                                              size_t provider_count, char *message,
                                              size_t capacity) {
    const void *const *api = runtime->api;
    spotter_ort_session *session = calloc(1, sizeof *session);
    void *options = NULL;
    if (!session) {
        say(message, capacity, "out of memory");
        return NULL;
    }
    session->runtime = runtime;
    int bad =
        failed(api, CALL(void *, CREATE_SESSION_OPTIONS, void **)(&options), message, capacity) ||
        failed(api, CALL(void *, SET_INTRA_OP_THREADS, void *, int)(options, threads), message,
               capacity) ||
        failed(api, CALL(void *, SET_GRAPH_OPTIMIZATION, void *, int)(options, OPTIMIZE_ALL),
               message, capacity) ||
        // The arena keeps the peak of every session for ever; freeing costs little here.
        failed(api, CALL(void *, DISABLE_CPU_MEMORY_ARENA, void *)(options), message, capacity) ||
        // Spinning threads would take a core from whatever else the machine does.
        failed(api,
               CALL(void *, ADD_SESSION_CONFIG_ENTRY, void *, const char *, const char *)(
                   options, "session.intra_op.allow_spinning", "0"),
               message, capacity);
    for (size_t i = 0; i < provider_count && !bad; i++) {
        bad = append_provider(api, options, &providers[i], message, capacity);
    }
    bad = bad ||
        failed(api,
               CALL(void *, CREATE_SESSION_FROM_ARRAY, void *, const void *, size_t, void *,
                    void **)(runtime->env, model, bytes, options, &session->session),
               message, capacity);
    if (options) CALL(void, RELEASE_SESSION_OPTIONS, void *)(options);
    if (bad) {
        free(session);
        return NULL;
    }
    return session;
}

void spotter_ort_session_close(spotter_ort_session *session) {
    if (!session) return;
    const void *const *api = session->runtime->api;
    CALL(void, RELEASE_SESSION, void *)(session->session);
    free(session);
}

spotter_ort_run_options *spotter_ort_run_options_open(spotter_ort *runtime, char *message,
                                                      size_t capacity) {
    const void *const *api = runtime->api;
    void *options = NULL;
    if (failed(api, CALL(void *, CREATE_RUN_OPTIONS, void **)(&options), message, capacity))
        return NULL;
    return options;
}

void spotter_ort_run_options_end(spotter_ort *runtime, spotter_ort_run_options *options) {
    const void *const *api = runtime->api;
    void *status = CALL(void *, RUN_OPTIONS_SET_TERMINATE, void *)(options);
    if (status) CALL(void, RELEASE_STATUS, void *)(status);
}

void spotter_ort_run_options_close(spotter_ort *runtime, spotter_ort_run_options *options) {
    const void *const *api = runtime->api;
    CALL(void, RELEASE_RUN_OPTIONS, void *)(options);
}

int spotter_ort_run(spotter_ort_session *session, const spotter_ort_run_options *options,
                    const spotter_ort_input *inputs, size_t input_count, const char *const *output_names, size_t output_count,
                    spotter_ort_value **outputs, char *message, size_t capacity) {
    const void *const *api = session->runtime->api;
    const char *names[INPUTS_MAX];
    void *values[INPUTS_MAX] = {0};
    int bad = input_count > INPUTS_MAX;
    if (bad) say(message, capacity, "too many inputs");
    for (size_t i = 0; i < input_count && !bad; i++) {
        names[i] = inputs[i].name;
        bad = failed(api,
                     CALL(void *, CREATE_TENSOR_WITH_DATA, void *, void *, size_t, const int64_t *,
                          size_t, int, void **)(session->runtime->memory, inputs[i].data,
                                                inputs[i].bytes, inputs[i].shape, inputs[i].rank,
                                                inputs[i].element_type, &values[i]),
                     message, capacity);
    }
    for (size_t i = 0; i < output_count; i++) outputs[i] = NULL;
    if (!bad) {
        bad = failed(api,
                     CALL(void *, RUN, void *, void *, const char *const *, void *const *, size_t,
                          const char *const *, size_t, void **)(
                         session->session, (void *)options, names, values, input_count, output_names,
                         output_count, (void **)outputs),
                     message, capacity);
    }
    for (size_t i = 0; i < INPUTS_MAX; i++) {
        if (values[i]) CALL(void, RELEASE_VALUE, void *)(values[i]);
    }
    return bad;
}

int spotter_ort_value_floats(spotter_ort_session *session, spotter_ort_value *value,
                             const float **data, size_t *count, int64_t *shape, size_t *rank,
                             char *message, size_t capacity) {
    const void *const *api = session->runtime->api;
    void *info = NULL;
    int type = 0;
    size_t dimensions = 0;
    int bad =
        failed(api, CALL(void *, GET_TENSOR_TYPE_AND_SHAPE, void *, void **)(value, &info), message,
               capacity) ||
        failed(api, CALL(void *, GET_ELEMENT_TYPE, void *, int *)(info, &type), message,
               capacity) ||
        failed(api, CALL(void *, GET_DIMENSION_COUNT, void *, size_t *)(info, &dimensions), message,
               capacity);
    if (!bad && (type != SPOTTER_ORT_FLOAT || dimensions > *rank)) {
        say(message, capacity, "an output is not a float tensor of the expected rank");
        bad = 1;
    }
    bad = bad ||
          failed(api, CALL(void *, GET_DIMENSIONS, void *, int64_t *, size_t)(info, shape, dimensions),
                 message, capacity) ||
          failed(api, CALL(void *, GET_ELEMENT_COUNT, void *, size_t *)(info, count), message,
                 capacity) ||
          failed(api, CALL(void *, GET_TENSOR_DATA, void *, void **)(value, (void **)data), message,
                 capacity);
    *rank = dimensions;
    if (info) CALL(void, RELEASE_TENSOR_TYPE_AND_SHAPE, void *)(info);
    return bad;
}

void spotter_ort_value_release(spotter_ort_session *session, spotter_ort_value *value) {
    const void *const *api = session->runtime->api;
    if (value) CALL(void, RELEASE_VALUE, void *)(value);
}
