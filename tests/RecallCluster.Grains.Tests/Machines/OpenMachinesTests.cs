using RecallCluster.Grains.Machines;

namespace RecallCluster.Grains.Tests.Machines;

public sealed class OpenMachinesTests
{
    private const int Machines = 300;

    [Fact]
    public async Task One_machine_that_cannot_be_written_keeps_no_other_from_it()
    {
        var machines = new OpenMachines();
        var written = new bool[Machines];
        for (int i = 0; i < Machines; i++)
        {
            int machine = i;
            machines.Add(() =>
            {
                if (machine % 100 == 7)
                    throw new InvalidDataException($"Machine {machine} is damaged.");
                written[machine] = true;
                return Task.CompletedTask;
            });
        }

        IOException failure = await Assert.ThrowsAsync<IOException>(() => machines.WriteAgainAsync(default));

        Assert.Equal(Machines - 3, written.Count(was => was));
        Assert.Contains("3 machine(s)", failure.Message, StringComparison.Ordinal);
    }
}
