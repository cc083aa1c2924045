using RecallCluster.Learning.Autograd;

namespace RecallCluster.Learning.Files;

/// <summary>Parameters of a model in a safetensors file.</summary>
public static class ParameterFile
{
    /// <summary>Writes the values of all parameters under their names.</summary>
    /// <exception cref="ArgumentException">Two parameters have the same name.</exception>
    /// <exception cref="IOException">The file could not be written completely; what was there is as before.</exception>
    public static void Save(string path, IEnumerable<Parameter> parameters, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var writer = new SafeTensorsWriter();
        writer.Add(parameters);
        foreach ((string key, string value) in metadata ?? new Dictionary<string, string>())
            writer.SetMetadata(key, value);
        writer.Save(path);
    }

    /// <summary>
    /// Reads the value of every parameter. Names and shapes are checked before the first value is touched, so that a file that does not fit
    /// leaves the model as it was; the values themselves were checked when the file was opened.
    /// </summary>
    /// <exception cref="InvalidDataException">
    /// A tensor is missing, unexpected, or of another shape; the message names file and tensor.
    /// </exception>
    public static void Load(SafeTensorsFile file, IEnumerable<Parameter> parameters)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(parameters);
        Parameter[] all = [.. parameters];
        foreach (Parameter parameter in all)
        {
            if (!file.Entries.TryGetValue(parameter.Name, out SafeTensorEntry? entry))
                throw new InvalidDataException($"{file.Path}: there is no tensor '{parameter.Name}', which the model wants.");
            if (!SameShape(entry, parameter))
                throw new InvalidDataException(
                    $"{file.Path}: tensor '{parameter.Name}' is {entry.Description}; the model wants {parameter.Value.Shape}.");
        }
        HashSet<string> known = [.. all.Select(parameter => parameter.Name)];
        if (file.Entries.Keys.FirstOrDefault(name => !known.Contains(name)) is { } unexpected)
            throw new InvalidDataException($"{file.Path}: tensor '{unexpected}' belongs to no parameter of the model.");
        foreach (Parameter parameter in all)
            file.Read(parameter.Name, parameter.Value.Values);
    }

    private static bool SameShape(SafeTensorEntry entry, Parameter parameter)
    {
        if (entry.Extents.Count != parameter.Value.Shape.Rank)
            return false;
        for (int axis = 0; axis < entry.Extents.Count; axis++)
            if (entry.Extents[axis] != parameter.Value.Shape[axis])
                return false;
        return true;
    }
}
