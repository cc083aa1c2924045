using RecallCluster.Silo.Configuration;
using RecallCluster.Silo.Hosting;
using RecallCluster.Silo.Storage;

const int Worked = 0, Failed = 1, WrongUsage = 2;
try
{
    if (args is ["--help"] or ["-h"])
    {
        Console.WriteLine(SettingsHelp.Text);
        return Worked;
    }
    if (args is [StateMove.Import or StateMove.Export, var file, ..])
    {
        await StateMove.RunAsync(args[0], file, SettingsReader.Read(args[2..]), CancellationToken.None).ConfigureAwait(false);
        return Worked;
    }
    await SiloProcess.RunAsync(SettingsReader.Read(args), CancellationToken.None).ConfigureAwait(false);
    return Worked;
}
catch (SettingsException e)
{
    Console.Error.WriteLine($"error: {e.Message}");
    return WrongUsage;
}
// The outermost frame: whatever went wrong below ends as one clear line and a failing exit code.
catch (Exception e) when (Environment.GetEnvironmentVariable("RECALL_DEBUG") != "1")
{
    Console.Error.WriteLine($"error: {e.Message.ReplaceLineEndings(" ")}");
    return Failed;
}
