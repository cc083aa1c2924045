using System.Text.Json;
using Microsoft.AspNetCore.Http;
using RecallCluster.Http.Formats;
using RecallCluster.Http.Native;
using RecallCluster.Serving.Feedback;

namespace RecallCluster.Http.Tracking;

/// <summary><c>POST /v1/events</c>: feedback, one event or many. 202 once all of them are durable.</summary>
internal sealed class EventsRoute(FrontDoorParts parts, FrontDoorOptions options, BodyFormats formats, Tracker tracker)
{
    private readonly EventsReader _reader = new(tracker, options.Limits);

    public async Task<IResult> TakeAsync(HttpContext context)
    {
        IFeedback feedback = parts.Feedback.Need("feedback");
        IBodyFormat? format = formats.AnswerOf(context.Request);
        EventsBody body = await formats.ReadAsync(context.Request, HttpJson.Default.EventsBody).ConfigureAwait(false);
        (AdEvent? Event, string? Refusal)[] read = _reader.Read(body);
        AdEvent[] events = [.. read.Where(r => r.Event is not null).Select(r => r.Event!)];

        // A caller that gives up half-way cannot know what was taken; what it began is finished.
        IReadOnlyList<AdEventResult> results = events.Length == 0
            ? []
            : await feedback.AcceptAsync(events, CancellationToken.None).ConfigureAwait(false);
        int next = 0;
        EventResultBody[] answers =
            [.. read.Select(r => r.Event is null ? new EventResultBody("refused", r.Refusal) : BodyOf(r.Event, results[next++]))];
        return BodyFormats.Answer(
            format, new EventsAnswerBody(answers), HttpJson.Default.EventsAnswerBody, StatusCodes.Status202Accepted);
    }

    internal static void Count(AdEventKind kind, AdEventResult result) => DoorTelemetry.Events.Add(
        1,
        new KeyValuePair<string, object?>("kind", JsonNamingPolicy.CamelCase.ConvertName(kind.ToString())),
        new KeyValuePair<string, object?>("outcome", NameOf(result)));

    private static EventResultBody BodyOf(AdEvent taken, AdEventResult result)
    {
        Count(taken.Kind, result);
        return new EventResultBody(NameOf(result), null, FieldChecks.Units(result.Charged), FieldChecks.Units(result.Free));
    }

    private static string NameOf(AdEventResult result) => JsonNamingPolicy.CamelCase.ConvertName(result.Outcome.ToString());
}
