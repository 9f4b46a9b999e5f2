/* handles NAME: how many handles each process has whose program's name contains NAME, as the system counts them. */
#include <windows.h>
#include <winternl.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

typedef NTSTATUS (NTAPI *query)(SYSTEM_INFORMATION_CLASS, PVOID, ULONG, PULONG);

#define LIST_BYTES (4 << 20)

int main(int argc, char **argv)
{
    wchar_t wanted[64];
    ULONG used = 0;
    int found = 0;
    query ask;
    char *list = malloc(LIST_BYTES);
    SYSTEM_PROCESS_INFORMATION *process = (SYSTEM_PROCESS_INFORMATION *)list;
    if (argc < 2 || !list || mbstowcs(wanted, argv[1], 64) >= 64)
        return 2;
    ask = (query)(void *)GetProcAddress(GetModuleHandleA("ntdll"), "NtQuerySystemInformation");
    if (!ask || ask(SystemProcessInformation, list, LIST_BYTES, &used) != 0)
        return 3;
    for (;;) {
        if (process->ImageName.Buffer && wcsstr(process->ImageName.Buffer, wanted)) {
            printf("%lu\n", process->HandleCount);
            found = 1;
        }
        if (!process->NextEntryOffset)
            break;
        process = (SYSTEM_PROCESS_INFORMATION *)((char *)process + process->NextEntryOffset);
    }
    return found ? 0 : 1;
}
