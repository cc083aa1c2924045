using System.Reflection;

namespace RecallCluster.Grains.Tests.Hosting;

/// <summary>An interface of which every call goes to a function: grains that fail, a factory that is watched.</summary>
public class GrainsProxy : DispatchProxy
{
    private Func<MethodInfo, object?[]?, object?> _answer = (_, _) => null;

    /// <summary>One whose calls go to <paramref name="answer"/>.</summary>
    public static T Of<T>(Func<MethodInfo, object?[]?, object?> answer)
        where T : class
    {
        T proxy = Create<T, GrainsProxy>();
        ((GrainsProxy)(object)proxy)._answer = answer;
        return proxy;
    }

    /// <summary>One that passes all calls on.</summary>
    public static T Over<T>(T inner, Action<MethodInfo> before)
        where T : class => Of<T>((method, args) =>
    {
        before(method);
        return method.Invoke(inner, BindingFlags.DoNotWrapExceptions, null, args, null);
    });

    /// <inheritdoc/>
    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => _answer(targetMethod!, args);
}
