/* What libraries in C take for the stages of an operation: liboath, libqrencode, libxml2. `in_process.py` builds and
 * runs it beside the benchmarks in Rust, which cannot call C without unsafe code.
 *
 *     cc -O2 -I/usr/include/libxml2 -o libraries libraries.c -loath -lqrencode -lxml2
 *     ./libraries
 *
 * A line has a name and the median of SAMPLES samples in nanoseconds a call. The inputs are those of
 * `operations/main.rs`, and so are the numbers of samples and of calls in each.
 */

#define _POSIX_C_SOURCE 200809L

#include <liboath/oath.h>
#include <libxml/parser.h>
#include <qrencode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SAMPLES = 200, CALLS = 64, FEW_CALLS = 4 };

static const char base32[] = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
static const char key[] = "12345678901234567890";
static const size_t key_bytes = sizeof key - 1;
static const time_t now = 1111111109;
static const unsigned step = OATH_TOTP_DEFAULT_TIME_STEP_SIZE;
static const char password[] = "081804";
static const char wrong_password[] = "000000";
static const char uri[] = "otpauth://totp/SoftProject%20GmbH:john.doe%40example.org"
                          "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=SoftProject%20GmbH";
static const char secret_document[] = "<Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret>";
static const char totp_document[] =
    "<TOTP><Password>081804</Password><Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret></TOTP>";
/* The version that our symbol has, and its modules along one side. */
static const int version = 6;
static const int modules = 41;

static void measure(const char *name, void (*call)(void), int calls);
static int in_order(const void *left, const void *right);
static double seconds(void);
static void expect(int holds, const char *what);
static void encode_base32(void);
static void decode_base32(void);
static void generate(void);
static void validate(void);
static void encode_symbol(void);
static void parse_secret(void);
static void parse_totp(void);
static void parse(const char *document, size_t bytes);

int main(void) {
    expect(oath_init() == OATH_OK, "liboath");
    xmlInitParser();
    measure("liboath::base32_encode", encode_base32, CALLS);
    measure("liboath::base32_decode", decode_base32, CALLS);
    measure("liboath::totp_generate", generate, CALLS);
    measure("liboath::totp_validate", validate, CALLS);
    measure("libqrencode::symbol", encode_symbol, FEW_CALLS);
    measure("libxml2::secret", parse_secret, CALLS);
    measure("libxml2::totp", parse_totp, CALLS);
    xmlCleanupParser();
    return oath_done() == OATH_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Prints a line. */
static void measure(const char *name, void (*call)(void), int calls) {
    double samples[SAMPLES];
    call();
    for (int sample = 0; sample < SAMPLES; sample++) {
        double start = seconds();
        for (int done = 0; done < calls; done++)
            call();
        samples[sample] = (seconds() - start) / calls;
    }
    qsort(samples, SAMPLES, sizeof *samples, in_order);
    printf("%s %.1f\n", name, (samples[SAMPLES / 2 - 1] + samples[SAMPLES / 2]) / 2 * 1e9);
}

/* The order of two samples. */
static int in_order(const void *left, const void *right) {
    double difference = *(const double *)left - *(const double *)right;
    return (difference > 0) - (difference < 0);
}

/* The time that has passed since some point. */
static double seconds(void) {
    struct timespec passed;
    clock_gettime(CLOCK_MONOTONIC, &passed);
    return (double)passed.tv_sec + (double)passed.tv_nsec / 1e9;
}

/* Ends the measurement where a library does not give the answer that ours gives. */
static void expect(int holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "%s: another answer than expected\n", what);
        exit(EXIT_FAILURE);
    }
}

/* A new secret's text, with its buffer. */
static void encode_base32(void) {
    char *text;
    expect(oath_base32_encode(key, key_bytes, &text, NULL) == OATH_OK && strcmp(text, base32) == 0, "base32_encode");
    free(text);
}

/* The key of a secret's text, in a buffer. */
static void decode_base32(void) {
    char *bytes;
    size_t number;
    int status = oath_base32_decode(base32, sizeof base32 - 1, &bytes, &number);
    expect(status == OATH_OK && number == key_bytes, "base32_decode");
    free(bytes);
}

/* The bare code. */
static void generate(void) {
    char code[sizeof password];
    int status = oath_totp_generate(key, key_bytes, now, step, 0, sizeof password - 1, code);
    expect(status == OATH_OK && strcmp(code, password) == 0, "totp_generate");
}

/* No match in three steps. */
static void validate(void) {
    int status = oath_totp_validate(key, key_bytes, now, step, 0, 1, wrong_password);
    expect(status == OATH_INVALID_OTP, "totp_validate");
}

/* The matrix, in byte mode. */
static void encode_symbol(void) {
    QRcode *symbol = QRcode_encodeString8bit(uri, version, QR_ECLEVEL_L);
    expect(symbol != NULL && symbol->width == modules, "QRcode_encodeString8bit");
    QRcode_free(symbol);
}

/* The tree of a Secret document. */
static void parse_secret(void) {
    parse(secret_document, sizeof secret_document - 1);
}

/* The tree of a TOTP document. */
static void parse_totp(void) {
    parse(totp_document, sizeof totp_document - 1);
}

/* The tree of a document, without the network. */
static void parse(const char *document, size_t bytes) {
    xmlDoc *tree = xmlReadMemory(document, (int)bytes, NULL, NULL, XML_PARSE_NONET);
    expect(tree != NULL, "xmlReadMemory");
    xmlFreeDoc(tree);
}
