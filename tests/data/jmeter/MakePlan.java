import java.io.FileOutputStream;
import org.apache.jmeter.assertions.ResponseAssertion;
import org.apache.jmeter.assertions.gui.AssertionGui;
import org.apache.jmeter.config.Arguments;
import org.apache.jmeter.config.gui.ArgumentsPanel;
import org.apache.jmeter.control.LoopController;
import org.apache.jmeter.control.gui.LoopControlPanel;
import org.apache.jmeter.control.gui.TestPlanGui;
import org.apache.jmeter.protocol.http.control.Header;
import org.apache.jmeter.protocol.http.control.HeaderManager;
import org.apache.jmeter.protocol.http.control.gui.HttpTestSampleGui;
import org.apache.jmeter.protocol.http.gui.HeaderPanel;
import org.apache.jmeter.protocol.http.sampler.HTTPSamplerProxy;
import org.apache.jmeter.protocol.http.util.HTTPArgument;
import org.apache.jmeter.save.SaveService;
import org.apache.jmeter.testelement.TestElement;
import org.apache.jmeter.testelement.TestPlan;
import org.apache.jmeter.threads.ThreadGroup;
import org.apache.jmeter.threads.gui.ThreadGroupGui;
import org.apache.jmeter.timers.ConstantTimer;
import org.apache.jmeter.timers.UniformRandomTimer;
import org.apache.jmeter.timers.gui.ConstantTimerGui;
import org.apache.jmeter.timers.gui.UniformRandomTimerGui;
import org.apache.jmeter.util.JMeterUtils;
import org.apache.jorphan.collections.ListedHashTree;

public class MakePlan {
    static <T extends TestElement> T named(T e, String name, Class<?> gui) {
        e.setName(name);
        e.setEnabled(true);
        e.setProperty(TestElement.TEST_CLASS, e.getClass().getName());
        e.setProperty(TestElement.GUI_CLASS, gui.getName());
        return e;
    }
    public static void main(String[] a) throws Exception {
        JMeterUtils.loadJMeterProperties("/usr/share/jmeter/bin/jmeter.properties");
        JMeterUtils.setJMeterHome("/usr/share/jmeter");
        JMeterUtils.initLocale();
        SaveService.loadProperties();
        TestPlan plan = named(new TestPlan(), "ionosphere", TestPlanGui.class);
        Arguments vars = named(new Arguments(), "User Defined Variables", ArgumentsPanel.class);
        vars.addArgument("host", "127.0.0.1");
        vars.addArgument("threads", "3");
        plan.setUserDefinedVariables(vars);
        LoopController loop = named(new LoopController(), "Loop Controller", LoopControlPanel.class);
        loop.setLoops(4);
        ThreadGroup group = named(new ThreadGroup(), "students", ThreadGroupGui.class);
        group.setProperty("ThreadGroup.num_threads", "${threads}");
        group.setRampUp(1);
        group.setSamplerController(loop);
        HTTPSamplerProxy http = named(new HTTPSamplerProxy(), "train", HttpTestSampleGui.class);
        http.setDomain("${host}");
        http.setProperty("HTTPSampler.port", "${__P(port,8080)}");
        http.setProtocol("http");
        http.setPath("/function/mltest");
        http.setMethod("POST");
        http.setFollowRedirects(true);
        http.setUseKeepAlive(true);
        http.setPostBodyRaw(true);
        http.addNonEncodedArgument("", "5", "");
        HeaderManager headers = named(new HeaderManager(), "HTTP Header Manager", HeaderPanel.class);
        headers.add(new Header("Content-Type", "text/plain"));
        ConstantTimer constant = named(new ConstantTimer(), "think", ConstantTimerGui.class);
        constant.setDelay("20");
        UniformRandomTimer uniform = named(new UniformRandomTimer(), "more or less", UniformRandomTimerGui.class);
        uniform.setDelay("10");
        uniform.setRange(40.0);
        ResponseAssertion code = named(new ResponseAssertion(), "is fine", AssertionGui.class);
        code.setTestFieldResponseCode();
        code.setToEqualsType();
        code.addTestString("200");
        ListedHashTree tree = new ListedHashTree();
        var root = tree.add(plan);
        var inGroup = root.add(group);
        inGroup.add(constant);
        var inHttp = inGroup.add(http);
        inHttp.add(headers);
        inHttp.add(uniform);
        inHttp.add(code);
        try (FileOutputStream out = new FileOutputStream(a[0])) { SaveService.saveTree(tree, out); }
    }
}
