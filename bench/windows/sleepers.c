/* sleepers N: starts N copies of itself, which do nothing, prints N when they run, and waits. */
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    int wanted = argc > 1 ? atoi(argv[1]) : 0, started = 0;
    char self[MAX_PATH];
    GetModuleFileNameA(NULL, self, sizeof self);
    while (started < wanted) {
        STARTUPINFOA how = { sizeof how };
        PROCESS_INFORMATION process;
        if (!CreateProcessA(self, NULL, NULL, NULL, FALSE, 0, NULL, NULL, &how, &process))
            return 1;
        CloseHandle(process.hThread);
        CloseHandle(process.hProcess);
        started++;
    }
    if (wanted) {
        printf("%d\n", started);
        fflush(stdout);
    }
    Sleep(INFINITE);
    return 0;
}
