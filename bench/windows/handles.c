/* handles NAME: how many handles each process has whose program's name contains NAME. */
#include <windows.h>
#include <tlhelp32.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    PROCESSENTRY32 entry = { sizeof entry };
    HANDLE list = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
    int found = 0;
    if (argc < 2 || list == INVALID_HANDLE_VALUE)
        return 2;
    for (BOOL more = Process32First(list, &entry); more; more = Process32Next(list, &entry)) {
        DWORD handles = 0;
        HANDLE process;
        if (!strstr(entry.szExeFile, argv[1]))
            continue;
        process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, entry.th32ProcessID);
        if (!process || !GetProcessHandleCount(process, &handles))
            continue;
        CloseHandle(process);
        printf("%lu\n", handles);
        found = 1;
    }
    return found ? 0 : 1;
}
