/* Wine 8 lacks bcryptprimitives.dll, from which Rust's standard library takes random numbers. Only for tests under Wine:
   Windows has the real one. RtlGenRandom is advapi32's SystemFunction036. */
#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length)
{
    return RtlGenRandom(data, (ULONG)length);
}
