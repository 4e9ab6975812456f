/* Seizes a process as a debugger does, says so by a file, and keeps it until it is killed: holder PID FILE */
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc != 3 || ptrace(PTRACE_SEIZE, atoi(argv[1]), 0, 0))
        return 1;
    FILE *said = fopen(argv[2], "w");
    if (!said || fclose(said))
        return 2;
    for (;;)
        pause();
}
