using System.CommandLine;
using System.Globalization;
using RecallCluster.AdServer;
using RecallCluster.Client;
using RecallCluster.Simulation;
using RecallCluster.Simulation.Traffic;

// A sample ad server: a publisher's pages over a simulated world, against a real front door.
Option<Uri> door = new("--door")
{
    Description = "Where the front door is.", DefaultValueFactory = _ => new Uri("http://127.0.0.1:8080"),
    CustomParser = result =>
        Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out Uri? uri) ? uri : Fail(result, "an absolute address"),
};
Option<string> traffic =
    new("--traffic") { Description = $"{TrafficFile.Name} of the world, as `recall demo` writes it.", Required = true };
Option<string?> key = new("--api-key") { Description = "API key; a door on this machine may want none." };
Option<double> speed = new("--speed") { Description = "Business seconds that pass in a real second.", DefaultValueFactory = _ => 720 };
Option<int> days = new("--days") { Description = "Days to play; 0 goes on until stopped.", DefaultValueFactory = _ => 1 };
Option<int> firstDay = new("--first-day") { Description = "Number of the first day.", DefaultValueFactory = _ => 1 };
Option<bool> http2 = new("--http2") { Description = "HTTP/2 without TLS; the door has to listen for HTTP/2 only." };

var root = new RootCommand(
    "Plays a publisher: asks a RecallCluster front door for ads, shows them to simulated users, and tells what they did.")
{
    door, traffic, key, speed, days, firstDay, http2,
};
root.SetAction(async (parsed, cancellation) =>
{
    TrafficFile file = TrafficFile.Read(parsed.GetRequiredValue(traffic));
    var world = new TrafficWorld(new SyntheticWorld(file.World), file.Traffic);
    using var client = new RecallClient(new RecallClientOptions
    {
        Door = parsed.GetValue(door)!,
        ApiKey = parsed.GetValue(key),
        HttpVersion = parsed.GetValue(http2) ? System.Net.HttpVersion.Version20 : System.Net.HttpVersion.Version11,
    });
    var httpDoor = new HttpAdDoor(client);
    await using (httpDoor.ConfigureAwait(false))
    {
        int count = parsed.GetValue(days);
        var begin = new DateTimeOffset(DateTime.UtcNow.Date, TimeSpan.Zero);
        for (int played = 0; count == 0 || played < count; played++)
        {
            var clock = new RunningClock(TimeProvider.System, DateTimeOffset.UtcNow, begin.AddDays(played), parsed.GetValue(speed));
            var publisher = new Publisher(world, httpDoor, clock, new PublisherOptions { Close = TimeSpan.FromDays(1) });
            TrafficRequest[] day = world.Day(parsed.GetValue(firstDay) + played);
            PublisherBooks books = await publisher.PlayAsync(day, begin.AddDays(played), null, cancellation).ConfigureAwait(false);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"day {day[0].Day}: {books.Requests} requests, {books.Filled} filled, {books.Unanswered} unanswered; "
                + $"events {books.Sent} sent, {books.Applied} applied, {books.Duplicates} duplicates, {books.Refused} refused, "
                + $"{books.Lost} lost; "
                + $"charged {books.Campaigns.Values.Sum(page => page.Charged):F2}"));
        }
    }
    return 0;
});
return await root.Parse(args).InvokeAsync().ConfigureAwait(false);

static Uri? Fail(System.CommandLine.Parsing.ArgumentResult result, string wanted)
{
    result.AddError($"{result.Tokens[0].Value} is not {wanted}.");
    return null;
}
