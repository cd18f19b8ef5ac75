#ifndef VTAG_CMATH_H
#define VTAG_CMATH_H
#include <math.h>

// Names of our own for the functions of the C library's mathematics, so that a pure module need not import all of that library.
static inline double vtag_sin(double x) { return sin(x); }
static inline double vtag_cos(double x) { return cos(x); }
static inline double vtag_tan(double x) { return tan(x); }
static inline double vtag_asin(double x) { return asin(x); }
static inline double vtag_acos(double x) { return acos(x); }
static inline double vtag_atan(double x) { return atan(x); }
static inline double vtag_atan2(double y, double x) { return atan2(y, x); }
static inline double vtag_exp(double x) { return exp(x); }
static inline double vtag_log(double x) { return log(x); }
static inline double vtag_log10(double x) { return log10(x); }
static inline double vtag_pow(double x, double y) { return pow(x, y); }
static inline double vtag_fmod(double x, double y) { return fmod(x, y); }

#endif
