/*
 * Stand-in for the miniaudio library, so that Ollama builds from Go modules.
 *
 * Ollama's tools/mtmd/mtmd-helper.cpp includes "miniaudio/miniaudio.h" from a
 * folder named vendor, and module archives leave such folders out
 * (https://pkg.go.dev/golang.org/x/mod/zip).
 *
 * Declared here is what that file uses and no more. Opening a decoder fails,
 * so audio input is refused as unreadable; text and images are unaffected.
 */
#ifndef PARLEY_MINIAUDIO_STUB_H
#define PARLEY_MINIAUDIO_STUB_H

#include <stddef.h>
#include <stdint.h>

typedef uint32_t ma_uint32;
typedef uint64_t ma_uint64;

typedef enum { MA_SUCCESS = 0, MA_ERROR = -1 } ma_result;
typedef enum { ma_format_f32 } ma_format;

typedef struct {
    ma_format format;
    ma_uint32 channels;
    ma_uint32 sample_rate;
} ma_decoder_config;

typedef struct {
    ma_decoder_config config;
} ma_decoder;

static inline ma_decoder_config ma_decoder_config_init(ma_format format, ma_uint32 channels, ma_uint32 sample_rate) {
    ma_decoder_config config = { format, channels, sample_rate };
    return config;
}

static inline ma_result ma_decoder_init_memory(const void *, size_t, const ma_decoder_config *, ma_decoder *) {
    return MA_ERROR;
}

static inline ma_result ma_decoder_get_length_in_pcm_frames(ma_decoder *, ma_uint64 *frames) {
    *frames = 0;
    return MA_ERROR;
}

static inline ma_result ma_decoder_read_pcm_frames(ma_decoder *, void *, ma_uint64, ma_uint64 *frames) {
    *frames = 0;
    return MA_ERROR;
}

static inline ma_result ma_decoder_uninit(ma_decoder *) {
    return MA_SUCCESS;
}

#endif
