/* The one function of bcryptprimitives.dll that Rust's standard library calls. Every Windows that it supports has this
   library; Wine has it from version 9 on, so the tests bring their own. */

#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length) {
    return RtlGenRandom(data, (ULONG)length);
}
