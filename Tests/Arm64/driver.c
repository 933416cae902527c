// Runs a packaged graph once through Spotter's own shim and writes all outputs as floats.
//
//   driver LIBRARY MODEL PIXELS HEIGHT WIDTH THREADS OUTPUT...
//
// Also of use on a GPU machine without Swift: CUDA or TENSORRT in the environment variable
// SPOTTER_PROVIDER puts that provider first, and RUNS repeats the run and prints milliseconds.
#include "COnnxRuntime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { OUTPUTS_MAX = 4 };

static void *slurp(const char *path, size_t *bytes) {
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        exit(2);
    }
    fseek(file, 0, SEEK_END);
    *bytes = (size_t)ftell(file);
    rewind(file);
    void *data = malloc(*bytes);
    if (fread(data, 1, *bytes, file) != *bytes) exit(2);
    fclose(file);
    return data;
}

int main(int argc, char **argv) {
    if (argc < 8 || argc > 7 + OUTPUTS_MAX) return 64;
    char message[1024] = "";
    size_t bytes, pixel_bytes;
    spotter_ort *runtime = spotter_ort_open(argv[1], message, sizeof message);
    void *model = slurp(argv[2], &bytes);
    void *pixels = slurp(argv[3], &pixel_bytes);
    const char *wanted = getenv("SPOTTER_PROVIDER");
    const char *keys[] = {"device_id"}, *values[] = {"0"};
    spotter_ort_provider provider = {
        wanted && strcmp(wanted, "CUDA") ? SPOTTER_ORT_TENSORRT : SPOTTER_ORT_CUDA, keys, values, 1};
    spotter_ort_session *session =
        runtime ? spotter_ort_session_open(runtime, model, bytes, atoi(argv[6]), &provider,
                                           wanted ? 1 : 0, message, sizeof message)
                : NULL;
    if (!session) {
        fprintf(stderr, "%s\n", message);
        return 1;
    }
    int64_t shape[] = {1, atoi(argv[4]), atoi(argv[5]), 3};
    spotter_ort_input input = {"image", SPOTTER_ORT_UINT8, shape, 4, pixels, pixel_bytes};
    size_t count = (size_t)argc - 7;
    int runs = getenv("RUNS") ? atoi(getenv("RUNS")) : 1;
    for (int run = 0; run < runs; run++) {
        spotter_ort_value *outputs[OUTPUTS_MAX];
        struct timespec from, to;
        clock_gettime(CLOCK_MONOTONIC, &from);
        if (spotter_ort_run(session, NULL, &input, 1, (const char *const *)argv + 7, count, outputs,
                            message, sizeof message)) {
            fprintf(stderr, "%s\n", message);
            return 1;
        }
        clock_gettime(CLOCK_MONOTONIC, &to);
        if (runs > 1)
            fprintf(stderr, "%.3f\n",
                    (double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) / 1e6);
        for (size_t i = 0; i < count; i++) {
            const float *data;
            size_t values_count, rank = 8;
            int64_t dims[8];
            if (spotter_ort_value_floats(session, outputs[i], &data, &values_count, dims, &rank,
                                         message, sizeof message)) {
                fprintf(stderr, "%s\n", message);
                return 1;
            }
            if (run == runs - 1) fwrite(data, sizeof *data, values_count, stdout);
            spotter_ort_value_release(session, outputs[i]);
        }
    }
    spotter_ort_session_close(session);
    spotter_ort_close(runtime);
    return 0;
}
